import { describe, expect, test } from 'vitest'
import { IDS, setup, UNIQUE } from './setup.ts'

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
