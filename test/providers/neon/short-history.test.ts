import { beforeEach, expect, test } from 'vitest'
import { serviceRefusal } from '../../../src/cli/renderers/service-cost.ts'
import { needsEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { setupNeonFleet } from './neon-fleet.ts'

beforeEach(needsEmulator)

test('a rollout whose tenants could not be returned when it ends is started by force alone', async () => {
  const { fleet, create, migration, histories } = await setupNeonFleet({}, {}, { historyRetention: '1h' })
  await create(['a'])
  const before = await histories(['a'])
  await migration('0003_x', 'await sql`alter table items drop column price`.execute(db)')
  expect(serviceRefusal(await fleet.rollouts.plan())).toMatch(
    /^1 of 1 projects of the fleet keep too little history, the least 1 h: in wave "everyone".*To start it all the same: `--force`\.$/,
  )
  await expect(fleet.rollouts.start()).rejects.toMatchObject({ code: 'HISTORY_TOO_SHORT' })
  expect(await histories(['a'])).toEqual(before)
  expect(await fleet.rollouts.start({ force: true })).toMatchObject({ status: { outcome: 'succeeded' } })
})
