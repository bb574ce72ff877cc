import { describe, expect, onTestFinished, test } from 'vitest'
import { closeClient, openClient } from '../../src/postgres/connect.ts'
import { parseConnectionString } from '../../src/postgres/connection-string.ts'
import { setupFleet } from '../support/fleet.ts'
import { runFleet, startFleet } from '../support/fleet-process.ts'

const IDS = ['a', 'b', 'c']
const COLOR = 'await sql`alter table items add column color text; select pg_sleep(0.3)`.execute(db)'
const UNIQUE = 'await sql`create unique index items_price on items (price)`.execute(db)'
const CONTENT = `select md5(string_agg(items::text, ',' order by id)) as items,
  (select json_agg(k order by name) from kysely_migration k)::text as history from items`

async function setup({ points = IDS }: { readonly points?: readonly string[] } = {}) {
  const test = await setupFleet()
  const { fleet, inTenant, inCatalog, name } = test
  await test.create(IDS)
  for (const id of IDS)
    await inTenant(id, (client) => client.query('insert into items select n, n from generate_series(1, 1000) n'))
  // What a unique index does not bear.
  await inTenant('b', (client) => client.query('update items set price = 7 where id = 8'))
  for (const id of points) await fleet.restorePoints.create(id)
  await test.migration('0003_color', COLOR)
  const databases = async () => {
    const { rows } = await inCatalog((client) =>
      client.query('select datname from pg_database where starts_with(datname, $1) order by 1', [`${name}_`]),
    )
    return rows.map(({ datname }) => datname.slice(name.length)).filter((it) => !/^__(scratch|template)/.test(it))
  }
  const contents = () =>
    Promise.all(IDS.map(async (id) => (await inTenant(id, (client) => client.query(CONTENT))).rows[0]))
  const session = async (id: string) => {
    const url = parseConnectionString(await fleet.tenants.url(id, { reveal: true }))
    const client = await openClient(url, { applicationName: 'application' })
    onTestFinished(() => closeClient(client))
    return client
  }
  return { ...test, databases, contents, session }
}

describe('a rehearsal', () => {
  test('finds on copies what would fail, and touches no tenant, not even its sessions', async () => {
    const { fleet, migration, databases, contents, session, events } = await setup()
    await migration('0004_unique', UNIQUE)
    const [before, then] = [await databases(), await contents()]
    const sessions = await Promise.all(IDS.map(session))
    const { rehearsal, plan } = await fleet.rollouts.rehearse({ tenants: 5 })
    expect(rehearsal).toMatchObject({
      state: 'failed',
      digest: plan.digest,
      leftOut: { withoutRestorePoint: 0, elsewhere: 0 },
      versionsLeftOut: [],
      failures: [{ migration: '0004_unique', sqlstate: '23505', count: 1, example: 'b' }],
    })
    const outcomes = rehearsal?.tenants.map(({ tenantId, outcome }) => `${tenantId} ${outcome}`)
    expect(outcomes?.toSorted()).toEqual(['a passed', 'b failed', 'c passed'])
    expect(JSON.stringify(rehearsal)).not.toContain('(7)')
    for (const client of sessions) expect(await client.query('select 1')).toMatchObject({ rowCount: 1 })
    expect(await databases()).toEqual(before)
    expect(await contents()).toEqual(then)
    expect((await fleet.restorePoints.list()).map(({ state }) => state)).toEqual(['ready', 'ready', 'ready'])
    expect(events.filter(({ type }) => type === 'rehearsal.tenant-finished')).toHaveLength(3)
  })

  test('measures time, locks and growth of each migration, and expects how long the rollout takes', async () => {
    const { fleet, migration } = await setup()
    await migration(
      '0004_rows',
      'await sql`insert into items select n from generate_series(2000, 30000) n`.execute(db)',
    )
    const { rehearsal } = await fleet.rollouts.rehearse({ tenants: 2 })
    const [tenant] = rehearsal?.tenants ?? []
    expect(tenant).toMatchObject({ outcome: 'passed', problem: null, reason: 'largest', caughtUp: [] })
    expect(tenant?.copyMs).toBeGreaterThan(0)
    const [color, rows] = tenant?.steps ?? []
    expect(color).toMatchObject({
      migrations: ['0003_color'],
      locks: [{ table: 'public.items', mode: 'ACCESS EXCLUSIVE' }],
    })
    expect(color?.ms).toBeGreaterThanOrEqual(300)
    expect(color?.locks[0]?.ms).toBeGreaterThanOrEqual(250)
    expect(rows).toMatchObject({ migrations: ['0004_rows'], locks: [] })
    expect(rows?.grownBytes).toBeGreaterThan(500_000)
    // The first ones prove what was recorded, one at a time.
    expect(rehearsal?.estimate?.ms).toBeGreaterThanOrEqual(900)
    expect(rehearsal?.estimate?.interval?.highMs).toBeGreaterThanOrEqual(rehearsal?.estimate?.ms ?? 0)
  })

  test('brings a restore point that is older than the tenant to its version first', async () => {
    const { fleet, migration, databases } = await setup()
    await fleet.rollouts.start()
    await migration('0004_more', 'await sql`alter table items add column more int`.execute(db)')
    const before = await databases()
    const { rehearsal } = await fleet.rollouts.rehearse({ tenants: 1 })
    expect(rehearsal).toMatchObject({
      state: 'passed',
      tenants: [{ caughtUp: ['0003_color'], steps: [{ migrations: ['0004_more'] }], version: '0003_color' }],
    })
    expect(await databases()).toEqual(before)
  })

  test('copies tenants themselves only where that is allowed, and says before for how long', async () => {
    const { fleet, databases, contents } = await setup({ points: ['a'] })
    const then = await contents()
    const first = await fleet.rollouts.rehearse({ tenants: 5 })
    expect(first.rehearsal).toMatchObject({ tenants: [{ tenantId: 'a' }], leftOut: { withoutRestorePoint: 2 } })
    const before = await databases()
    const sampled: string[] = []
    const { rehearsal } = await fleet.rollouts.rehearse({
      tenants: 5,
      closesTenants: true,
      confirm: async (sample) => {
        for (const { tenantId, source } of sample)
          sampled.push(`${tenantId} ${source.kind === 'tenant' ? source.estimatedMs > 0 : source.id}`)
        return true
      },
    })
    expect(sampled.toSorted()).toEqual(['a p1', 'b true', 'c true'])
    expect(rehearsal).toMatchObject({ state: 'passed', leftOut: { withoutRestorePoint: 0 } })
    expect(rehearsal?.tenants.every(({ copyMs }) => (copyMs ?? 0) > 0)).toBe(true)
    expect(await databases()).toEqual(before)
    expect(await contents()).toEqual(then)
  })

  test('of nobody is refused, with what to do; and so is one that is declined', async () => {
    const { fleet } = await setup({ points: [] })
    await expect(fleet.rollouts.rehearse({ tenants: 3 })).rejects.toMatchObject({
      code: 'REHEARSAL_IMPOSSIBLE',
      message: expect.stringContaining('3 have no restore point'),
      remedy: expect.stringContaining('--rehearse-closes-tenants'),
    })
    await expect(
      fleet.rollouts.rehearse({ tenants: 3, closesTenants: true, confirm: async () => false }),
    ).rejects.toMatchObject({ code: 'REHEARSAL_INTERRUPTED' })
    await expect(fleet.rollouts.rehearse({ tenants: 0 })).rejects.toMatchObject({ code: 'USAGE' })
  })

  test('goes on past a tenant that is busy, and says that it says nothing', async () => {
    const { fleet, inTenant } = await setup({ points: ['a'] })
    await inTenant('b', async (holder) => {
      await holder.query('select pg_advisory_lock(3853314791062309107)')
      const { rehearsal } = await fleet.rollouts.rehearse({ tenants: 3, closesTenants: true })
      expect(rehearsal?.state).toBe('passed')
      expect(rehearsal?.tenants.find(({ tenantId }) => tenantId === 'b')).toMatchObject({
        outcome: 'unknown',
        copyMs: null,
        problem: { message: expect.stringContaining('at this moment') },
      })
    })
  })

  test('has one tenant of each starting version', async () => {
    const { fleet, migration } = await setup()
    await fleet.rollouts.start({ scope: { tenants: ['c'] } })
    await migration('0004_more', 'await sql`alter table items add column more int`.execute(db)')
    // Besides the largest and the oldest.
    const { rehearsal } = await fleet.rollouts.rehearse({ tenants: 3 })
    expect(new Set(rehearsal?.tenants.map(({ version }) => version))).toEqual(new Set(['0002_price', '0003_color']))
  })

  test('runs what a transaction is shared by as one, and what has none, too', async () => {
    const { fleet, migration } = await setup({ points: ['a'] })
    await migration(
      '0004_index',
      'await sql`create index concurrently items_color on items (color)`.execute(db)',
      'export const config = { transaction: false }',
    )
    const { rehearsal } = await fleet.rollouts.rehearse({ tenants: 1 })
    expect(rehearsal).toMatchObject({
      state: 'passed',
      tenants: [{ steps: [{ migrations: ['0003_color'] }, { migrations: ['0004_index'] }] }],
    })
  })
})

describe('a plan that failed when it was rehearsed', () => {
  test('does not start, unless it is forced, or passes the next time', async () => {
    const { fleet, migration, inTenant, histories } = await setup()
    await migration('0004_unique', UNIQUE)
    await fleet.rollouts.rehearse({ tenants: 3 })
    await expect(fleet.rollouts.start()).rejects.toMatchObject({
      code: 'REHEARSAL_FAILED',
      message: expect.stringMatching(/failed in rehearsal h1:\n {2}1 × 0004_unique {2}23505 .*e\.g\. b/),
    })
    expect(await histories(['a'])).toEqual({ a: ['0001_items', '0002_price'] })
    await inTenant('b', (client) => client.query('update items set price = id'))
    await fleet.restorePoints.create('b')
    expect((await fleet.rollouts.rehearse({ tenants: 3 })).rehearsal?.state).toBe('passed')
    expect(await fleet.rollouts.start()).toMatchObject({ kind: 'rested', status: { outcome: 'succeeded' } })
  })

  test('starts by force, and after a week', async () => {
    const { fleet, migration, inCatalog } = await setup()
    await migration('0004_unique', UNIQUE)
    await fleet.rollouts.rehearse({ tenants: 3 })
    await inCatalog((client) => client.query(`update fleet.rehearsal set finished_at = now() - interval '8 days'`))
    await fleet.rollouts.rehearse({ tenants: 3 })
    await expect(fleet.rollouts.start()).rejects.toMatchObject({ code: 'REHEARSAL_FAILED' })
    const { rows } = await inCatalog((client) => client.query('select count(*)::int as kept from fleet.rehearsal'))
    expect(rows).toEqual([{ kept: 1 }])
    expect(await fleet.rollouts.start({ force: true, maxFailures: 3 })).toMatchObject({
      status: { outcome: 'degraded' },
    })
  })
})

describe('on the command line', () => {
  test('plan shows it, and what failed ends with 5 and does not start', async () => {
    const test = await setup()
    await test.migration('0004_unique', UNIQUE)
    const shown = await runFleet(['rollout', 'plan', '--rehearse', '3'], test)
    expect(shown.code, shown.output).toBe(5)
    expect(shown.output).toMatch(/b +\w+ +p2, .* failed/)
    expect(shown.output).toContain('1 × 0004_unique  23505')
    expect(shown.output).toContain('Expected for 3 tenants')
    const refused = await runFleet(['rollout', 'start', '--yes'], test)
    expect(refused.code, refused.output).toBe(5)
    expect(refused.output).toContain('--force')
  })

  test('start runs it first and goes on when it passes', async () => {
    const test = await setup()
    const started = await runFleet(['rollout', 'start', '--yes', '--rehearse', '2'], test)
    expect(started.code, started.output).toBe(0)
    expect(started.output).toContain('Rehearsal h1')
    const json = await runFleet(['rollout', 'plan', '--rehearse', '2', '--output', 'json'], test)
    expect(JSON.parse(json.output)).toMatchObject({ tenants: 0, rehearsal: null })
  })

  test('with JSON it is part of the one document, and says what it closes on stderr', async () => {
    const test = await setup({ points: [] })
    const refused = await runFleet(['rollout', 'plan', '--rehearse', '2'], test)
    expect(refused).toMatchObject({ code: 5, output: expect.stringContaining('--rehearse-closes-tenants') })
    const args = ['rollout', 'plan', '--rehearse', '2', '--rehearse-closes-tenants']
    const { code, output } = await runFleet([...args, '--output', 'json'], test)
    expect(code, output).toBe(0)
    expect(output).toMatch(/^Closed to their clients, .*about \d/m)
    const document = output.slice(output.indexOf('{'), output.lastIndexOf('}') + 1)
    expect(JSON.parse(document)).toMatchObject({ rehearsal: { state: 'passed', tenants: [{}, {}] } })
    expect(await runFleet(['rollout', 'plan', '--rehearse-closes-tenants'], test)).toMatchObject({ code: 2 })
  })

  test('SIGTERM in the middle of a migration drops the copy', async () => {
    const test = await setup()
    // Not where there are no rows: the plan traces it on a database without any.
    await test.migration('0004_sleep', 'await sql`select pg_sleep(60) from items limit 1`.execute(db)')
    const before = await test.databases()
    const process = startFleet(['rollout', 'plan', '--rehearse', '3'], test)
    await process.printed(': 0003_color')
    process.child.kill('SIGTERM')
    expect(await process.ended, process.output()).toBe(130)
    expect(await test.databases()).toEqual(before)
    const { rows } = await test.inCatalog((client) => client.query('select state from fleet.rehearsal'))
    expect(rows).toEqual([{ state: 'abandoned' }])
  })
})

test.each(['rehearsal.recorded', 'rehearsal.copied', 'rehearsal.branched', 'rehearsal.migrated', 'rehearsal.dropped'])(
  'killed at %s, the next rehearsal removes what is left and goes through',
  async (failpoint) => {
    const test = await setup({ points: ['a', 'b'] })
    const before = await test.databases()
    const args = ['rollout', 'plan', '--rehearse', '3', '--rehearse-closes-tenants']
    const killed = await runFleet(args, { root: test.root, env: { ...test.env, FLEET_FAILPOINT: failpoint } })
    expect(killed.code, killed.output).toBe('SIGKILL')
    const again = await runFleet(args, test)
    expect(again.code, again.output).toBe(0)
    expect(await test.databases()).toEqual(before)
    const { rows } = await test.inCatalog((client) =>
      client.query(
        'select state, (select count(*)::int from fleet.rehearsal_branch) as left from fleet.rehearsal order by id',
      ),
    )
    expect(rows).toEqual([
      { state: 'abandoned', left: 0 },
      { state: 'passed', left: 0 },
    ])
  },
)

test('what nobody has recorded and carries the mark is removed, and what a deleted tenant had in a rehearsal', async () => {
  const { fleet, name, inCatalog, databases } = await setup({ points: ['a', 'b'] })
  const before = await databases()
  const { rows } = await inCatalog((client) => client.query('select catalog_id from fleet.meta'))
  const mark = (key: string) =>
    `kysely-fleet ${JSON.stringify({ fleet: name, catalog: rows[0].catalog_id, kind: 'rehearsal', key })}`
  await inCatalog((client) =>
    client.query(`create database "${name}__rehearsal_b77" template template0 owner fleet_owner`),
  )
  await inCatalog((client) => client.query(`comment on database "${name}__rehearsal_b77" is '${mark('b77')}'`))
  await inCatalog((client) => client.query(`create database "${name}__rehearsal_mine" template template0`))
  await fleet.rollouts.rehearse({ tenants: 1 })
  expect(await databases()).toEqual([...before, '__rehearsal_mine'].toSorted())
  await inCatalog((client) =>
    client.query(`create database "${name}__rehearsal_b88" template template0 owner fleet_owner`),
  )
  await inCatalog((client) =>
    client.query(`comment on database "${name}__rehearsal_b88" is '${mark('b88')}';
      insert into fleet.rehearsal_branch (id, rehearsal_id, tenant_id, server, database)
      overriding system value select 88, max(id), 'a', (select server from fleet.tenant limit 1), '${name}__rehearsal_b88' from fleet.rehearsal`),
  )
  await fleet.tenants.delete(['a'])
  expect(await databases()).not.toContain('__rehearsal_b88')
})
