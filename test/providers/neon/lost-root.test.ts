import { beforeEach, expect, test } from 'vitest'
import { whyNoEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { setupNeonFleet } from './neon-fleet.ts'

beforeEach(async ({ skip }) => {
  const reason = await whyNoEmulator()
  skip(reason !== undefined, reason)
})

test('a tenant that returned to what a restore had kept gets no restore point that nothing could be restored to', async () => {
  const { fleet, create, asApplication } = await setupNeonFleet()
  await create(['a'])
  await fleet.restorePoints.create('a')
  await asApplication('a', (client) => client.query('insert into items values (1, 10)'))
  const { kept } = await fleet.restore('a', { acceptDataLoss: true })
  await fleet.restore('a', { to: kept.id, acceptDataLoss: true })
  expect((await asApplication('a', (client) => client.query('select id from items'))).rows).toEqual([{ id: 1 }])
  await expect(fleet.restorePoints.create('a')).rejects.toMatchObject({
    code: 'RESTORE_POINT_REFUSED',
    message: expect.stringContaining('is no root'),
  })
})
