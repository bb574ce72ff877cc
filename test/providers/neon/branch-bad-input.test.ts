import { beforeEach, describe, expect, test } from 'vitest'
import { needsEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { type NeonAccountForTest, setupNeonAccount } from './neon-account-for-test.ts'
import { READ, withPoint } from './point-recipes.ts'

beforeEach(needsEmulator)

const NOTHING = { observe: async () => {}, prove: async () => {} }

/** One tenant that is a branch, with a restore point between its two rows. */
async function setup() {
  const account = await setupNeonAccount({}, 'branch-per-tenant')
  const it = await withPoint(account, 'a')
  const { project = '', branch = '' } = it.placement.own?.ids ?? {}
  const { provider, mark, emulator } = account
  const { client, settled } = emulator
  const request = { placement: it.placement, point: it.point, mark: it.pointMark, keptMark: mark('kept-state', 'k') }
  return {
    ...it,
    account,
    provider,
    ids: { project, branch },
    restore: () => provider.restore(request, async () => {}),
    remove: () => provider.deleteDatabase(it.placement, mark('tenant', 'a')),
    protect: async (isProtected: boolean) => {
      await client.updateProjectBranch(project, branch, { branch: { protected: isProtected } })
    },
    async deleteBehind(branchId: string) {
      await client.deleteProjectBranch({ projectId: project, branchId })
      await settled()
    },
  }
}

/** Asserts that it is refused, and that nothing has changed in the account. */
async function refused(account: NeonAccountForTest, ask: () => Promise<unknown>, error: object): Promise<void> {
  await account.emulator.settled()
  const before = await account.projects()
  await expect(ask()).rejects.toMatchObject(error)
  await account.emulator.settled()
  expect(await account.projects()).toEqual(before)
}

describe('a tenant that is a branch', () => {
  test('and was deleted behind our back is neither marked nor restored; its deletion is done, and it can be made anew', async () => {
    const { account, provider, placement, point, pointMark, ids, restore, remove, deleteBehind } = await setup()
    await deleteBehind(point.databaseId)
    await deleteBehind(ids.branch)
    const marking = () => provider.createRestorePoint(placement, account.mark('restore-point', 'p2'), NOTHING)
    const gone = { message: expect.stringContaining('is gone'), remedy: expect.stringContaining('7 days') }
    await refused(account, marking, { code: 'RESTORE_POINT_REFUSED', ...gone })
    await refused(account, restore, { code: 'RESTORE_REFUSED', ...gone })
    await provider.releaseRestorePoint(point, pointMark)
    await remove()
    expect(await provider.lookUpDatabases('neon', [placement.database, point.database])).toEqual(new Map())
    const again = await account.tenant('a')
    expect(again.databaseId).not.toBe(placement.databaseId)
    expect(await account.asApplication(again, READ)).toEqual([])
  })

  test('whose restore point was deleted behind our back stays as it is', async () => {
    const { account, placement, point, restore, deleteBehind } = await setup()
    await deleteBehind(point.databaseId)
    await refused(account, restore, { code: 'RESTORE_POINT_UNKNOWN' })
    expect(await account.asApplication(placement, READ)).toEqual([{ text: 'after' }, { text: 'before' }])
  })

  test('and is protected keeps its restore points when its deletion is refused, until that is lifted', async () => {
    const { account, placement, remove, protect } = await setup()
    await protect(true)
    await refused(account, remove, { code: 'SERVICE_REFUSED', message: expect.stringContaining('protected') })
    expect(await account.asApplication(placement, READ)).toEqual([{ text: 'after' }, { text: 'before' }])
    await protect(false)
    await remove()
    await account.emulator.settled()
    expect((await account.things()).map(({ name }) => name).filter((it) => it.endsWith('/a/db'))).toEqual([])
  })

  test('and is protected is restored: what is kept stays protected, what takes its place is not', async () => {
    const { account, restore, protect } = await setup()
    await protect(true)
    const { placement } = await restore()
    expect(await account.asApplication(placement, READ)).toEqual([{ text: 'before' }])
    const [project] = await account.projects()
    const of = (branches = project?.branches ?? []) =>
      branches
        .filter(({ name }) => /undo|a\/db$/.test(name))
        .map(({ name, isProtected }) => [name.split('/').at(-1), isProtected])
    expect(of()).toEqual([
      ['db', false],
      ['k', true],
    ])
  })
})
