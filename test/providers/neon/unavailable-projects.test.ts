import { beforeEach, expect, test } from 'vitest'
import { needsEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { type NeonFleet, setupBranchFleet, setupNeonFleet } from './neon-fleet.ts'

beforeEach(needsEmulator)

test.each<[string, () => Promise<NeonFleet>]>([
  ['projects', setupNeonFleet],
  ['branches', setupBranchFleet],
])('a list that is not whole is no reason to call tenants gone that are %s', async (_, setup) => {
  const { fleet, create, emulator } = await setup()
  await create(['a'])
  const { projects } = (await emulator.client.listProjects({})).data
  emulator.faults.listOmits(projects.map(({ id }) => id))
  await expect(Array.fromAsync(fleet.sweep())).rejects.toMatchObject({ code: 'SERVICE_BUSY' })
  emulator.faults.clear()
  expect(await Array.fromAsync(fleet.sweep())).toEqual([])
})
