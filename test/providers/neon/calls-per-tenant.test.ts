import { beforeEach, expect, test } from 'vitest'
import { CALLS_PER_TENANT } from '../../../src/providers/neon/estimate-neon-cost.ts'
import { needsEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { setupNeonFleet } from './neon-fleet.ts'

beforeEach(needsEmulator)

/** With how many operations each waits for: without a look at what would be lost, and with it. */
const RESTORES = [
  ['project-per-tenant', CALLS_PER_TENANT.restore, 3, 5],
  ['branch-per-tenant', CALLS_PER_TENANT.branchRestore, 2, 4],
] as const

test.each(RESTORES)('a restore takes as many calls as a plan says, %s', async (placement, calls, least, most) => {
  const { fleet, create, emulator } = await setupNeonFleet({}, {}, { placement })
  await create(['a'])
  const restored = async (acceptDataLoss: boolean) => {
    await fleet.restorePoints.create('a')
    emulator.calls.reset()
    await fleet.restore('a', { acceptDataLoss })
    // How often an operation is asked for depends on how long it takes.
    return emulator.calls.log.filter(({ call }) => call !== 'getProjectOperation').length
  }
  expect((await restored(true)) + least).toBe(calls.least)
  expect((await restored(false)) + most).toBe(calls.most)
})

/** Without and with a restore point; each branch that is deleted is one operation. */
const DELETIONS = [
  ['project-per-tenant', 5, 7, 0],
  ['branch-per-tenant', 4, 8, 1],
] as const

test.each(DELETIONS)(
  'a deletion takes as many calls as the guide says, %s',
  async (placement, alone, point, branches) => {
    const { fleet, create, emulator } = await setupNeonFleet({}, {}, { placement })
    await create(['a', 'b'])
    await fleet.restorePoints.create('b')
    const deleted = async (id: string) => {
      emulator.calls.reset()
      await fleet.tenants.delete([id])
      return emulator.calls.log.filter(({ call }) => call !== 'getProjectOperation').length
    }
    expect((await deleted('a')) + branches).toBe(alone)
    expect((await deleted('b')) + 2 * branches).toBe(point)
  },
)
