import { beforeEach, describe, expect, test } from 'vitest'
import { needsEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { type NeonAccountForTest, setupNeonAccount } from './neon-account-for-test.ts'
import { deleteRehearsal, look, READ, rehearse, release, remove, restorePoint, withPoint } from './point-recipes.ts'
import { type NamedRecipe, type Recipe, recipeTests } from './recipes.ts'

beforeEach(needsEmulator)

const create: Recipe = async ({ tenant, asApplication }, id, begin) => {
  begin()
  const placement = await tenant(id)
  await asApplication(placement, `insert into note values ('mine')`)
  return asApplication(placement, READ)
}

const restore: Recipe = async (account, id, begin) => {
  const { provider, asApplication, mark } = account
  const { placement, point, pointMark } = await withPoint(account, id)
  const keptMark = mark('kept-state', `k-${id}`)
  let asked = 0
  begin()
  const outcome = await provider.restore({ placement, point, mark: pointMark, keptMark }, async (client) => {
    asked += 1
    await client.query(READ)
  })
  return {
    asked,
    isSamePlace: JSON.stringify(outcome.placement) === JSON.stringify(placement),
    isKept: outcome.kept !== null,
    wasClosed: outcome.closedFor !== null,
    rows: await asApplication(placement, READ),
  }
}

const keepPosition: Recipe = async ({ tenant, asApplication, provider, mark, clock }, id, begin) => {
  const placement = await tenant(id)
  await asApplication(placement, `insert into note values ('before')`)
  const { positions } = provider
  const noted = await positions?.note(placement, async () => {})
  begin()
  const pointMark = mark('restore-point', `p-${id}`)
  const kept = await positions?.keep(placement, pointMark, { position: noted?.position ?? '', notedAt: clock.now() })
  return { isKept: kept !== undefined, rows: await asApplication(placement, READ) }
}

const RECIPES: readonly NamedRecipe[] = [
  ['creating a tenant', create, { createProject: ['create_timeline', 'start_compute'] }],
  ['making a restore point', restorePoint, { createProjectBranch: ['create_branch'] }],
  [
    'a restore',
    restore,
    { restoreProjectBranch: ['create_branch', 'start_compute'], deleteProjectBranch: ['delete_timeline'] },
  ],
  [
    'a look into a restore point',
    look,
    { createProjectEndpoint: ['start_compute'], deleteProjectEndpoint: ['suspend_compute'] },
  ],
  ['a rehearsal', rehearse, { createProjectBranch: ['create_branch', 'start_compute'] }],
  ['deleting a rehearsal', deleteRehearsal, { deleteProjectBranch: ['delete_timeline'] }],
  ['keeping a position', keepPosition, { createProjectBranch: ['create_branch'] }],
  ['releasing a restore point', release, { deleteProjectBranch: ['delete_timeline'] }],
  // What it begins is not told, and goes on by itself.
  ['deleting a tenant', remove, { deleteProject: [] }],
]

recipeTests(RECIPES, setupNeonAccount)

describe('a tenant whose project', () => {
  const names = async (account: NeonAccountForTest) => (await account.projects()).map(({ name }) => name)

  test('is made, and is found only late where the answer was lost, has one', async () => {
    const account = await setupNeonAccount({ searchLagMs: 400 })
    account.emulator.faults.next({ call: 'createProject', fault: 'loseResponse' })
    await account.tenant('a')
    expect(await names(account)).toHaveLength(1)
    expect(account.emulator.calls.count('createProject')).toBe(1)
  })

  test('is made by two processes at once has the older one, and the other is gone', async () => {
    // Long enough for both to look for it before one of them makes it.
    const account = await setupNeonAccount({ latencyMs: 200 })
    const [one, other] = await Promise.all([account.tenant('a'), account.tenant('a', account.open())])
    expect(one?.databaseId).toBe(other?.databaseId)
    expect(await names(account)).toHaveLength(1)
    expect(account.emulator.calls.count('createProject')).toBe(2)
  })

  test.each(['create_timeline', 'start_compute'])('has failed for good at %s gets one that works', async (action) => {
    const account = await setupNeonAccount()
    account.failOperation(action, 'stays')
    await expect(account.tenant('a')).rejects.toMatchObject({ code: 'SERVICE_BUSY' })
    const placement = await account.tenant('a')
    expect(await account.asApplication(placement, READ)).toEqual([])
    expect(await account.projects()).toMatchObject([{ branches: [{ state: 'ready', computes: 1 }] }])
  })
})

describe('what was made a moment ago and cannot be seen', () => {
  test('is waited for, be it a project or a restore point', async () => {
    const account = await setupNeonAccount()
    const { faults } = account.emulator
    faults.notFoundFor(2, 'getProjectOperation')
    const placement = await account.tenant('a')
    const observe = async () => faults.notFoundFor(2, 'getProjectBranch')
    await account.provider.createRestorePoint(placement, account.mark('restore-point', 'p'), {
      observe,
      prove: async () => {},
    })
  })
})

describe('a restore that was accepted', () => {
  test('and never came to its end is not taken for one that did', async () => {
    const account = await setupNeonAccount()
    const { placement, point, pointMark } = await withPoint(account, 'a')
    const request = { placement, point, mark: pointMark, keptMark: account.mark('kept-state', 'k') }
    account.failOperation('create_branch', 'stays')
    const restoring = () => account.provider.restore(request, async () => {})
    await expect(restoring()).rejects.toMatchObject({ code: 'SERVICE_BUSY' })
    await expect(restoring()).rejects.toMatchObject({
      code: 'SERVICE_BUSY',
      message: expect.stringContaining('resetting'),
    })
    // The way back is still there.
    expect((await account.projects())[0]?.branches.map(({ name }) => name)).toEqual([
      'fleet/rp/p-a',
      'fleet/undo/k',
      'main',
    ])
    expect(account.emulator.calls.count('restoreProjectBranch')).toBe(1)
  })

  test('tells what it kept, though that cannot be seen for a moment', async () => {
    const account = await setupNeonAccount()
    const { placement, point, pointMark } = await withPoint(account, 'a')
    const request = { placement, point, mark: pointMark, keptMark: account.mark('kept-state', 'k') }
    const { kept } = await account.provider.restore(request, async () => {
      account.emulator.faults.notFoundFor(1, 'listProjectBranches')
    })
    expect(kept?.database).toContain('fleet/undo/k')
  })

  test('has not come to its end while what it kept cannot be seen, and goes on when it is run again', async () => {
    const account = await setupNeonAccount()
    const { placement, point, pointMark } = await withPoint(account, 'a')
    const request = { placement, point, mark: pointMark, keptMark: account.mark('kept-state', 'k') }
    const restoring = account.provider.restore(request, async () => {
      account.emulator.faults.notFoundFor(1_000, 'listProjectBranches')
    })
    await expect(restoring).rejects.toMatchObject({ code: 'SERVICE_BUSY' })
    account.emulator.faults.clear()
    expect(await account.provider.restore(request, async () => {})).toMatchObject({ kept: {}, closedFor: null })
    expect(account.emulator.calls.count('restoreProjectBranch')).toBe(1)
  })
})
