import { inspect } from 'node:util'
import { beforeEach, describe, expect, test } from 'vitest'
import { Secret } from '../../../src/model/secret.ts'
import type { Placement } from '../../../src/model/tenant.ts'
import { planServiceCost } from '../../../src/rollout/plan-service-cost.ts'
import { plan } from '../../cli/example-plan.ts'
import { needsEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { type NeonAccountForTest, setupNeonAccount } from './neon-account-for-test.ts'

beforeEach(needsEmulator)

const READ = 'select text from note order by text'
const NOTHING = { observe: async () => {}, prove: async () => {} }
const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

/** Asserts that something is refused with this code and text, and that nothing has changed in the account. */
async function refused(
  account: NeonAccountForTest,
  ask: () => Promise<unknown>,
  error: { readonly code: string; readonly message?: unknown; readonly remedy?: unknown },
): Promise<void> {
  await account.emulator.settled()
  const before = await account.projects()
  const thrown = await ask().then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(thrown).toMatchObject(error)
  expect(inspect(thrown, { depth: null, showHidden: true })).not.toContain(account.emulator.apiKey)
  await account.emulator.settled()
  expect(await account.projects()).toEqual(before)
}

async function withPoint(account: NeonAccountForTest, id = 'a') {
  const placement = await account.tenant(id)
  await account.asApplication(placement, `insert into note values ('before')`)
  const mark = account.mark('restore-point', `p-${id}`)
  const point = await account.provider.createRestorePoint(placement, mark, NOTHING)
  await account.asApplication(placement, `insert into note values ('after')`)
  return { placement, point, mark }
}

function restoring(
  account: NeonAccountForTest,
  it: Awaited<ReturnType<typeof withPoint>>,
  kept = 'k',
): () => Promise<unknown> {
  return () => account.provider.restore({ ...it, keptMark: account.mark('kept-state', kept) }, async () => {})
}

const rows = async ({ asApplication }: NeonAccountForTest, placement: Placement) =>
  (await asApplication<{ text: string }>(placement, READ)).map(({ text }) => text)

const projectOf = ({ own }: Placement) => ({ id: own?.ids.project ?? '', branch: own?.ids.branch ?? '' })

describe('of the account', () => {
  test('a wrong key is refused, and says neither itself nor the right one', async () => {
    const account = await setupNeonAccount()
    const key = 'napi_0123456789'
    const wrong = account.open({ apiKey: new Secret(key) })
    const error = { code: 'SERVICE_KEY_REFUSED' }
    await refused(account, () => account.tenant('a', wrong), error)
    const { placement, point, mark } = await withPoint(account)
    for (const ask of [
      () => wrong.createRestorePoint(placement, account.mark('restore-point', 'p2'), NOTHING),
      () => wrong.restore({ placement, point, mark, keptMark: account.mark('kept-state', 'k') }, async () => {}),
      () => wrong.releaseRestorePoint(point, mark),
      () => wrong.deleteDatabase(placement, account.mark('tenant', 'a')),
      () => Array.fromAsync(wrong.findMarked(account.mark('tenant', 'a'))),
    ])
      await refused(account, ask, error)
    const thrown: unknown = await account.tenant('b', wrong).catch((reason: unknown) => reason)
    expect(inspect(thrown, { depth: null, showHidden: true })).not.toContain(key)
    expect(JSON.stringify(await wrong.diagnose())).not.toContain(key)
    expect(await wrong.diagnose()).toMatchObject([{ verdict: 'error' }])
    expect(await rows(account, placement)).toEqual(['after', 'before'])
  })

  test('what a rollout costs is not known with a wrong key, and the plan is there and says so', async () => {
    const { open } = await setupNeonAccount()
    const context = { owner: { fleet: 'f', catalogId: 'c' }, keep: DAY }
    const known = await planServiceCost(plan, { provider: open(), ...context })
    expect(known).toMatchObject({ serviceCost: { service: 'Neon', calls: { least: 0 } } })
    const provider = open({ apiKey: new Secret('napi_0123456789') })
    expect(await planServiceCost(plan, { provider, ...context })).toEqual({
      ...plan,
      serviceCostUnknown: expect.stringContaining('credentials do not pass'),
    })
  })

  test('an organisation of others is refused', async () => {
    const account = await setupNeonAccount()
    const wrong = account.open({ orgId: 'org-of-others' })
    await refused(account, () => account.tenant('a', wrong), {
      code: 'SERVICE_KEY_REFUSED',
      message: expect.stringContaining('org-of-others'),
    })
  })

  test('the key of a person without an organisation is told what is missing', async () => {
    const account = await setupNeonAccount({ accountKind: 'user' })
    const wrong = account.open({ orgId: undefined })
    await refused(account, () => account.tenant('a', wrong), {
      code: 'SERVICE_REFUSED',
      message: expect.stringContaining('org_id is required'),
    })
  })

  test('no project more than the plan allows is made, and those that are there go on', async () => {
    const account = await setupNeonAccount({ limits: { projects: 1 } })
    const it = await withPoint(account)
    await refused(account, () => account.tenant('b'), {
      code: 'SERVICE_QUOTA',
      message: expect.stringMatching(/projects/),
    })
    await restoring(account, it)()
    expect(await rows(account, it.placement)).toEqual(['before'])
  })

  test('what the plan does not allow is refused in its words', async () => {
    const account = await setupNeonAccount({ plan: 'free' })
    const long = account.open({ historyRetention: 7 * DAY })
    await refused(account, () => account.tenant('a', long), {
      code: 'SERVICE_REFUSED',
      message: expect.stringContaining('history retention'),
      remedy: expect.stringContaining('configuration'),
    })
    const short = account.open({ suspendTimeout: MINUTE })
    await refused(account, () => account.tenant('a', short), { code: 'SERVICE_REFUSED' })
  })
})

describe('of a project', () => {
  test('a restore for which no root is left changes nothing, and goes through when one was released', async () => {
    const account = await setupNeonAccount({ limits: { rootBranches: 2 } })
    const { provider, mark } = account
    const first = await withPoint(account)
    const keptMark = mark('kept-state', 'k1')
    const { kept } = await provider.restore({ ...first, keptMark }, async () => {})
    const second = { placement: first.placement, mark: mark('restore-point', 'p2') }
    const point = await provider.createRestorePoint(second.placement, second.mark, NOTHING)
    await account.asApplication(second.placement, `insert into note values ('later')`)
    const again = restoring(account, { ...second, point }, 'k2')
    await refused(account, again, { code: 'SERVICE_LIMIT', message: expect.stringContaining('root branches') })
    expect(await rows(account, second.placement)).toEqual(['before', 'later'])
    if (kept !== null) await provider.releaseRestorePoint(kept, keptMark)
    await again()
    expect(await rows(account, second.placement)).toEqual(['before'])
  })

  test('one that was deleted behind our back is no restore, and its deletion is done', async () => {
    const account = await setupNeonAccount()
    const it = await withPoint(account)
    const { provider, emulator, mark } = account
    await emulator.client.deleteProject(projectOf(it.placement).id)
    await refused(account, restoring(account, it), { code: 'RESTORE_POINT_UNKNOWN' })
    await provider.releaseRestorePoint(it.point, it.mark)
    await provider.deleteDatabase(it.placement, mark('tenant', 'a'))
    expect(await provider.lookUpDatabases('neon', [it.placement.database, it.point.database])).toEqual(new Map())
    const again = await account.tenant('a')
    expect(again.databaseId).not.toBe(it.placement.databaseId)
    expect(await rows(account, again)).toEqual([])
  })

  test('a restore point that was deleted behind our back leaves the tenant as it is', async () => {
    const account = await setupNeonAccount()
    const it = await withPoint(account)
    await account.emulator.client.deleteProjectBranch({
      projectId: projectOf(it.placement).id,
      branchId: it.point.databaseId,
    })
    await refused(account, restoring(account, it), { code: 'RESTORE_POINT_UNKNOWN' })
    expect(await rows(account, it.placement)).toEqual(['after', 'before'])
    await account.provider.releaseRestorePoint(it.point, it.mark)
  })

  test('a branch of the same name that somebody else has made is neither used nor deleted', async () => {
    const account = await setupNeonAccount()
    const it = await withPoint(account)
    const { client, settled } = account.emulator
    const projectId = projectOf(it.placement).id
    await client.deleteProjectBranch({ projectId, branchId: it.point.databaseId })
    await settled()
    const { data } = await client.createProjectBranch(projectId, { branch: { name: 'fleet/rp/p-a' } })
    const theirs = { ...it, point: { ...it.point, databaseId: data.branch.id } }
    const error = { code: 'DATABASE_FOREIGN' }
    await refused(account, restoring(account, theirs), error)
    await refused(account, () => account.provider.releaseRestorePoint(it.point, it.mark), error)
    await refused(account, () => account.provider.createRestorePoint(it.placement, it.mark, NOTHING), error)
    expect(await rows(account, it.placement)).toEqual(['after', 'before'])
  })

  test('a protected branch is neither restored nor deleted, until its protection is lifted', async () => {
    const account = await setupNeonAccount()
    const it = await withPoint(account)
    const { id, branch } = projectOf(it.placement)
    const protect = (isProtected: boolean) =>
      account.emulator.client.updateProjectBranch(id, branch, { branch: { protected: isProtected } })
    await protect(true)
    await refused(account, restoring(account, it), {
      code: 'RESTORE_REFUSED',
      message: expect.stringContaining('protected'),
    })
    const remove = () => account.provider.deleteDatabase(it.placement, account.mark('tenant', 'a'))
    await refused(account, remove, { code: 'SERVICE_REFUSED', message: expect.stringContaining('protected') })
    expect(await rows(account, it.placement)).toEqual(['after', 'before'])
    await protect(false)
    await restoring(account, it)()
    expect(await rows(account, it.placement)).toEqual(['before'])
    await remove()
    expect(await account.projects()).toEqual([])
  })

  test('a moment that the history window of the project has left behind is refused before anybody is disturbed', async () => {
    const account = await setupNeonAccount()
    const { provider, clock } = account
    const it = await withPoint(account)
    const keptMark = account.mark('kept-state', 'k')
    const restore = (age: number) => () => {
      const takenAt = new Date(clock.now().getTime() - age)
      return provider.restore({ ...it, keptMark, takenAt }, async () => expect.unreachable())
    }
    account.emulator.calls.reset()
    await refused(account, restore(1.5 * DAY), {
      code: 'RESTORE_REFUSED',
      message: expect.stringMatching(/keeps 24 h of history, and the restore point is 36 h old/),
      remedy: expect.stringContaining('fleet restore-point salvage'),
    })
    expect(account.emulator.calls.count('restoreProjectBranch')).toBe(0)
    await provider.restore({ ...it, keptMark, takenAt: new Date(clock.now().getTime() - DAY / 2) }, async () => {})
    expect(await rows(account, it.placement)).toEqual(['before'])
  })

  test('a moment that the history window has left behind is refused by Neon, and nothing is lost', async () => {
    const account = await setupNeonAccount()
    const it = await withPoint(account)
    await account.emulator.clock.advance(2 * DAY)
    await refused(account, restoring(account, it), {
      code: 'SERVICE_REFUSED',
      message: expect.stringContaining('history retention window'),
    })
    expect(await rows(account, it.placement)).toEqual(['after', 'before'])
    // Its rows can still be read out of it.
    const seen: unknown[] = []
    await account.provider.lookIntoRestorePoint(it.point, it.mark, async (to) => {
      seen.push(to.database)
    })
    expect(seen).toHaveLength(1)
  })
})

describe('at a bad time', () => {
  test('a list that is not whole makes no second project of a tenant that has one', async () => {
    const account = await setupNeonAccount()
    const placement = await account.tenant('a')
    account.emulator.faults.listOmits([projectOf(placement).id])
    await expect(account.tenant('a')).rejects.toMatchObject({ code: 'SERVICE_BUSY' })
    account.emulator.faults.clear()
    expect((await account.tenant('a')).databaseId).toBe(placement.databaseId)
    expect(await account.projects()).toHaveLength(1)
  })

  test('a project that is locked for a minute is waited for', async () => {
    const account = await setupNeonAccount()
    const { emulator, clock } = account
    const it = await withPoint(account)
    // By the clock of the provider, which is the faster one.
    emulator.faults.slowOperation(MINUTE / clock.times, { action: 'check_availability' })
    emulator.faults.checkAvailability(projectOf(it.placement).id)
    await restoring(account, it)()
    expect(emulator.calls.log.filter(({ status }) => status === 423).length).toBeGreaterThan(0)
    expect(await rows(account, it.placement)).toEqual(['before'])
  })

  test('a storm of refusals for the rate is sat out', async () => {
    const account = await setupNeonAccount()
    account.emulator.faults.next({ times: 4, fault: { tooMany: { retryAfter: 5 } } })
    account.emulator.faults.next({ times: 4, fault: { tooMany: {} } })
    const placements = await Promise.all(['a', 'b', 'c'].map((id) => account.tenant(id)))
    expect(account.emulator.calls.log.filter(({ status }) => status === 429)).toHaveLength(8)
    expect(await account.projects()).toHaveLength(3)
    expect(await Promise.all(placements.map((it) => rows(account, it)))).toEqual([[], [], []])
  })

  test('an API that is gone for long is an error, and what it was asked for is done when it is back', async () => {
    const account = await setupNeonAccount()
    const it = await withPoint(account)
    account.emulator.faults.next({ times: 1_000, fault: 'unavailable' })
    const error = { code: 'SERVICE_UNREACHABLE' }
    await expect(account.tenant('b')).rejects.toMatchObject(error)
    await expect(restoring(account, it)()).rejects.toMatchObject(error)
    account.emulator.faults.clear()
    await account.tenant('b')
    await restoring(account, it)()
    expect(await rows(account, it.placement)).toEqual(['before'])
    expect(await account.projects()).toHaveLength(2)
  })
})
