import { beforeEach, describe, expect, test } from 'vitest'
import { type Client, withClient } from '../../../src/postgres/connect.ts'
import { neonName } from '../../../src/providers/neon/names.ts'
import type { CallFault } from '../../support/neon-emulator/faults.ts'
import { whyNoEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { type NeonAccountForTest, setupNeonAccount } from './neon-account-for-test.ts'

beforeEach(async ({ skip }) => {
  const reason = await whyNoEmulator()
  skip(reason !== undefined, reason)
})

const READ = 'select text from note order by text'
const NOTHING = { observe: async () => {}, prove: async () => {} }

/**
 * A recipe of the provider, from a tenant that is ready up to what can be seen of its end. `begin` is called before the part
 * that is disturbed.
 */
type Recipe = (account: NeonAccountForTest, id: string, begin: () => void) => Promise<unknown>

const create: Recipe = async ({ tenant, asApplication }, id, begin) => {
  begin()
  const placement = await tenant(id)
  await asApplication(placement, `insert into note values ('mine')`)
  return asApplication(placement, READ)
}

async function withPoint({ tenant, asApplication, provider, mark }: NeonAccountForTest, id: string) {
  const placement = await tenant(id)
  await asApplication(placement, `insert into note values ('before')`)
  const pointMark = mark('restore-point', `p-${id}`)
  const point = await provider.createRestorePoint(placement, pointMark, NOTHING)
  await asApplication(placement, `insert into note values ('after')`)
  return { placement, point, pointMark }
}

const restorePoint: Recipe = async ({ tenant, asApplication, provider, mark }, id, begin) => {
  const placement = await tenant(id)
  await asApplication(placement, `insert into note values ('before')`)
  let looks = 0
  const observe = async (client: Client) => {
    looks += 1
    await client.query(READ)
  }
  begin()
  const point = await provider.createRestorePoint(placement, mark('restore-point', `p-${id}`), { ...NOTHING, observe })
  return { ...point, database: null, databaseId: null, bytes: null, copying: null, looks }
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

const look: Recipe = async (account, id, begin) => {
  const { provider, asApplication } = account
  const { placement, point, pointMark } = await withPoint(account, id)
  const seen: unknown[] = []
  begin()
  await provider.lookIntoRestorePoint(point, pointMark, async (to) => {
    seen.push(await withClient(to, { applicationName: 'test' }, async (client) => (await client.query(READ)).rows))
  })
  return { seen, rows: await asApplication(placement, READ) }
}

const rehearse: Recipe = async (account, id, begin) => {
  const { provider, inTenant, mark } = account
  const { placement, point, pointMark } = await withPoint(account, id)
  begin()
  const branch = await provider.branch({
    placement,
    from: { point, mark: pointMark },
    mark: mark('rehearsal', `r-${id}`),
  })
  await inTenant(branch.placement, `insert into note values ('rehearsed')`)
  return { branch: await inTenant(branch.placement, READ), tenant: await inTenant(placement, READ) }
}

const release: Recipe = async (account, id, begin) => {
  const { placement, point, pointMark } = await withPoint(account, id)
  begin()
  await account.provider.releaseRestorePoint(point, pointMark)
  return account.inTenant(placement, READ)
}

const remove: Recipe = async (account, id, begin) => {
  const { placement } = await withPoint(account, id)
  begin()
  await account.provider.deleteDatabase(placement, account.mark('tenant', id))
  return null
}

/** Each recipe with the calls of it that change something, and the operations that these begin. */
const RECIPES: readonly (readonly [string, Recipe, Readonly<Record<string, readonly string[]>>])[] = [
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
  ['releasing a restore point', release, { deleteProjectBranch: ['delete_timeline'] }],
  // What it begins is not told, and goes on by itself.
  ['deleting a tenant', remove, { deleteProject: [] }],
]

interface Disturbance {
  readonly what: string
  readonly fault: CallFault
  /** What the log says of each call that met it. */
  readonly met: readonly (number | undefined)[]
}

const DISTURBANCES: readonly Disturbance[] = [
  { what: 'the request is lost', fault: 'loseRequest', met: [undefined] },
  { what: 'the response is lost', fault: 'loseResponse', met: [undefined] },
  { what: 'it is locked out twice', fault: 'locked', met: [423, 423] },
  { what: 'the rate is too high', fault: { tooMany: {} }, met: [429] },
  { what: 'it is not served', fault: 'unavailable', met: [503] },
  { what: 'a page stands in for the answer', fault: 'cloudflare', met: [524] },
]

describe.each(RECIPES)('%s', (_, recipe, calls) => {
  test('ends as the undisturbed run does, whatever happens to its calls and operations', async () => {
    const account = await setupNeonAccount()
    const { emulator } = account
    let runs = 0
    const run = async (begin: () => void) => {
      const id = `x${runs++}`
      const before = new Set((await account.projects()).map(({ name }) => name))
      const result = await recipe(account, id, () => {
        emulator.calls.reset()
        begin()
      })
      await emulator.settled()
      const log = emulator.calls.log.slice()
      const made = (await account.projects()).filter(({ name }) => !before.has(name))
      emulator.faults.clear()
      const seen: unknown = JSON.parse(
        JSON.stringify({ result, made }).replaceAll(new RegExp(`\\b${id}\\b`, 'g'), 'ID'),
      )
      return { seen, log, failures: await failures(account, id) }
    }
    const { seen: undisturbed } = await run(() => {})
    for (const [call, actions] of Object.entries(calls)) {
      for (const { what, fault, met } of DISTURBANCES) {
        const disturbed = await run(() => emulator.faults.next({ call, fault, times: met.length }))
        const statuses = disturbed.log.filter((it) => it.call === call).map(({ status }) => status)
        expect(statuses.slice(0, met.length), `${call}: ${what}`).toEqual(met)
        expect(disturbed.seen, `${call}: ${what}`).toEqual(undisturbed)
      }
      for (const action of actions) {
        const disturbed = await run(() => account.failOperation(action, 'recovers'))
        expect(disturbed.failures, `${action} fails once`).toBe(1)
        expect(disturbed.seen, `${action} fails once`).toEqual(undisturbed)
      }
    }
  })
})

/** Counts the operations of a tenant's project that were tried again. */
async function failures({ emulator: { client }, mark }: NeonAccountForTest, id: string): Promise<number> {
  const { data } = await client.listProjects({ search: `${neonName(mark('tenant', id))}` })
  const lists = await Promise.all(data.projects.map((it) => client.listProjectOperations({ projectId: it.id })))
  return lists.flatMap((it) => it.data.operations).filter((it) => it.failures_count > 0).length
}

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
    const account = await setupNeonAccount()
    const [one, other] = await Promise.all([account.tenant('a'), account.tenant('a', account.open())])
    expect(one?.databaseId).toBe(other?.databaseId)
    expect(await names(account)).toHaveLength(1)
    expect(account.emulator.calls.count('createProject')).toBe(2)
  })

  test('has failed for good gets one that works', async () => {
    const account = await setupNeonAccount()
    account.failOperation('create_timeline', 'stays')
    await expect(account.tenant('a')).rejects.toMatchObject({ code: 'NEON_BUSY' })
    const placement = await account.tenant('a')
    expect(await account.asApplication(placement, READ)).toEqual([])
    expect(await account.projects()).toMatchObject([{ branches: [{ state: 'ready', computes: 1 }] }])
  })
})

describe('a restore that was accepted', () => {
  test('and never came to its end is not taken for one that did', async () => {
    const account = await setupNeonAccount()
    const { placement, point, pointMark } = await withPoint(account, 'a')
    const request = { placement, point, mark: pointMark, keptMark: account.mark('kept-state', 'k') }
    account.failOperation('create_branch', 'stays')
    const restoring = () => account.provider.restore(request, async () => {})
    await expect(restoring()).rejects.toMatchObject({ code: 'NEON_BUSY' })
    await expect(restoring()).rejects.toMatchObject({
      code: 'NEON_BUSY',
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
})
