import { describe, expect, test } from 'vitest'
import { FIRST, ids, SECOND, setupFleet } from '../support/fleet.ts'

const RINGS = {
  rollout: {
    waves: [
      { name: 'canary', match: { ring: 'internal' } },
      { name: 'early', size: '50%' },
      { name: 'everyone', maxFailures: 1 },
    ],
  },
}

describe('a rollout', () => {
  test('goes through its waves in order, and moves the released version', async () => {
    const { fleet, create, histories, events } = await setupFleet(RINGS)
    await fleet.rollouts.start({ to: FIRST })
    await create({ a: { ring: 'internal' }, b: {}, c: {}, d: {}, e: { ring: 'internal' } })
    expect((await fleet.status()).released).toBe(FIRST)

    const plan = await fleet.rollouts.plan()
    expect(plan.waves.map(({ name, tenants }) => [name, tenants])).toEqual([
      ['canary', 2],
      ['early', 3],
    ])
    const result = await fleet.rollouts.start()
    expect(result).toMatchObject({ kind: 'rested', status: { state: 'completed', outcome: 'succeeded' } })
    expect(await histories(['a', 'b', 'c', 'd', 'e'])).toEqual(
      Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((id) => [id, [FIRST, SECOND]])),
    )
    expect((await fleet.status()).released).toBe(SECOND)

    const order = events.flatMap((it) => (it.type === 'tenant.succeeded' ? [it.wave] : []))
    expect(order).toEqual(['canary', 'canary', 'early', 'early', 'early'])
    expect(
      events.flatMap((it) => (it.type.startsWith('wave.') && 'wave' in it ? [`${it.type} ${it.wave}`] : [])),
    ).toEqual(['wave.started canary', 'wave.finished canary', 'wave.started early', 'wave.finished early'])
  })

  test('of a fleet that is current does nothing, connects to no tenant and makes no rollout', async () => {
    const { fleet, create, inCatalog } = await setupFleet()
    await create(['a', 'b'])
    // Nobody gets in: a connection would fail.
    await inCatalog((client) =>
      client.query(`update fleet.tenant set placement = jsonb_set(placement, '{database}', '"nowhere"')`),
    )
    expect(await fleet.rollouts.start()).toMatchObject({ kind: 'nothing-to-do', plan: { skipped: { current: 2 } } })
    expect(await fleet.rollouts.list()).toEqual([])
  })

  test('stops when a wave has more failures than it allows, and starts nothing more', async () => {
    const { fleet, create, migration, histories, inTenant } = await setupFleet()
    await create(ids(6))
    await migration('0003_unique', 'await sql`alter table items add unique (price)`.execute(db)')
    for (const id of ids(6)) await inTenant(id, (client) => client.query('insert into items values (1, 5), (2, 5)'))
    const result = await fleet.rollouts.start()
    expect(result).toMatchObject({ status: { state: 'paused', pauseReason: 'failure-budget' } })
    if (result.kind === 'nothing-to-do') throw new Error('unexpected')
    expect(result.status.waves[0]?.counts).toEqual({ pending: 5, running: 0, succeeded: 0, failed: 1, skipped: 0 })
    expect(result.status.failures).toMatchObject([{ migration: '0003_unique', sqlstate: '23505', count: 1 }])
    expect(Object.values(await histories(ids(6))).flat()).not.toContain('0003_unique')
    expect((await fleet.status()).released).toBe(null)
  })

  test('within its tolerance completes degraded; retry takes the failed ones up again', async () => {
    const { fleet, create, migration, inTenant, histories } = await setupFleet({
      rollout: { waves: [{ name: 'all', maxFailures: 1 }] },
    })
    await create(ids(4))
    await migration('0003_unique', 'await sql`alter table items add unique (price)`.execute(db)')
    await inTenant('t002', (client) => client.query('insert into items values (1, 5), (2, 5)'))
    expect(await fleet.rollouts.start()).toMatchObject({ status: { state: 'completed', outcome: 'degraded' } })
    await inTenant('t002', (client) => client.query('delete from items where id = 2'))
    expect(await fleet.rollouts.retry()).toBe(1)
    expect(await fleet.rollouts.resume()).toMatchObject({ status: { state: 'completed', outcome: 'succeeded' } })
    expect(await histories(['t002'])).toEqual({ t002: [FIRST, SECOND, '0003_unique'] })
  })

  test('goes on after a stop on the budget when more failures are allowed', async () => {
    const { fleet, create, migration, inTenant } = await setupFleet()
    await create(ids(3))
    await migration('0003_unique', 'await sql`alter table items add unique (price)`.execute(db)')
    await inTenant('t001', (client) => client.query('insert into items values (1, 5), (2, 5)'))
    expect(await fleet.rollouts.start()).toMatchObject({ status: { pauseReason: 'failure-budget' } })
    expect(await fleet.rollouts.resume(undefined, { maxFailures: 1 })).toMatchObject({
      status: { state: 'completed', outcome: 'degraded' },
    })
  })

  test('skips pinned tenants, shows them, and still releases', async () => {
    const { fleet, create, migration, histories } = await setupFleet()
    await create(['a', 'b'])
    await fleet.tenants.pin(['b'], 'contract freeze')
    await migration('0003_more', 'await sql`create table more ()`.execute(db)')
    const plan = await fleet.rollouts.plan()
    expect(plan).toMatchObject({
      tenants: 1,
      skipped: { pinned: 1, pinnedExamples: [{ id: 'b', reason: 'contract freeze' }] },
    })
    await fleet.rollouts.start()
    expect(await histories(['a', 'b'])).toEqual({ a: [FIRST, SECOND, '0003_more'], b: [FIRST, SECOND] })
    expect((await fleet.status()).released).toBe('0003_more')
  })

  test('over a part of the fleet does not move the released version', async () => {
    const { fleet, create, migration, histories } = await setupFleet()
    await create({ a: { ring: 'x' }, b: {} })
    await migration('0003_more', 'await sql`create table more ()`.execute(db)')
    await fleet.rollouts.start({ scope: { tags: { ring: 'x' } } })
    expect(await histories(['a', 'b'])).toEqual({ a: [FIRST, SECOND, '0003_more'], b: [FIRST, SECOND] })
    expect((await fleet.status()).released).toBe(null)
    // What is left is what the whole fleet's rollout then does, and that one releases.
    expect(await fleet.rollouts.start()).toMatchObject({ status: { waves: [{ counts: { succeeded: 1 } }] } })
    expect((await fleet.status()).released).toBe('0003_more')
  })

  test('of a scope leaves out skipped tenants and other waves', async () => {
    const { fleet, create, migration } = await setupFleet(RINGS)
    await create({ a: { ring: 'internal' }, b: {}, c: {}, d: {} })
    await migration('0003_more', 'await sql`create table more ()`.execute(db)')
    expect(await fleet.rollouts.plan({ scope: { waves: ['canary'] } })).toMatchObject({
      tenants: 1,
      releases: false,
      waves: [{ name: 'canary' }],
    })
    expect(await fleet.rollouts.plan({ scope: { skipTenants: ['b'] } })).toMatchObject({ tenants: 3, releases: false })
    expect(await fleet.rollouts.plan({ scope: { tenants: ['c'] } })).toMatchObject({ tenants: 1, releases: false })
    await expect(fleet.rollouts.plan({ scope: { waves: ['canari'] } })).rejects.toThrow(
      'There is no wave "canari". Close: canary. There are: canary, early, everyone.',
    )
    await expect(fleet.rollouts.plan({ scope: { tenants: ['aa'] } })).rejects.toThrow(
      'There is no tenant "aa". Close: a.',
    )
    await expect(fleet.rollouts.plan({ scope: { tags: { ring: 'interna' } } })).rejects.toThrow(
      'No tenant has the tag ring=interna. Tags in use: ring=internal (1).',
    )
    await expect(fleet.rollouts.plan({ to: '0003_mor' })).rejects.toThrow('Close to it: 0003_more')
  })

  test('runs a tenant that was pinned or deleted meanwhile no more', async () => {
    const { fleet, create, migration, inCatalog, histories } = await setupFleet()
    await create(['a', 'b', 'c'])
    await migration('0003_more', 'await sql`create table more ()`.execute(db)')
    const plan = await fleet.rollouts.plan()
    await fleet.rollouts.start({ digest: plan.digest, signal: AbortSignal.abort() })
    await fleet.tenants.pin(['a'], 'wait')
    await fleet.tenants.delete(['b'])
    expect(await fleet.rollouts.resume()).toMatchObject({
      status: { state: 'completed', waves: [{ counts: { succeeded: 1, skipped: 2 } }] },
    })
    expect(await histories(['a', 'c'])).toEqual({ a: [FIRST, SECOND], c: [FIRST, SECOND, '0003_more'] })
    const { rows } = await inCatalog((client) =>
      client.query('select tenant_id, skip_reason from fleet.tenant_run order by 1'),
    )
    expect(rows).toEqual([
      { tenant_id: 'a', skip_reason: 'pinned' },
      { tenant_id: 'b', skip_reason: 'gone' },
      { tenant_id: 'c', skip_reason: null },
    ])
  })

  test('understands a tenant that Kysely migrated behind its back', async () => {
    const { fleet, create, migration, inTenant, histories } = await setupFleet()
    await create(['a', 'b'])
    await migration('0003_more', 'await sql`create table more ()`.execute(db)')
    await migration('0004_most', 'await sql`create table most ()`.execute(db)')
    await inTenant('a', async (client) => {
      await client.query(`create table more ()`)
      await client.query(
        `insert into kysely_migration select '0003_more', to_char(max(timestamp)::timestamptz + interval '1 s', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') from kysely_migration`,
      )
    })
    expect(await fleet.rollouts.start()).toMatchObject({ status: { state: 'completed', outcome: 'succeeded' } })
    expect(await histories(['a', 'b'])).toEqual({
      a: [FIRST, SECOND, '0003_more', '0004_most'],
      b: [FIRST, SECOND, '0003_more', '0004_most'],
    })
    expect((await fleet.tenants.show('a')).history).toEqual([FIRST, SECOND, '0003_more', '0004_most'])
  })

  test('records what a tenant got before its second migration failed', async () => {
    const { fleet, create, migration } = await setupFleet()
    await create(['a'])
    await migration('0003_more', 'await sql`create table more ()`.execute(db)')
    await migration('0004_bad', 'await sql`create table more ()`.execute(db)')
    expect(await fleet.rollouts.start()).toMatchObject({
      status: { failures: [{ migration: '0004_bad', sqlstate: '42P07' }] },
    })
    expect(await fleet.tenants.show('a')).toMatchObject({ version: '0003_more', pending: ['0004_bad'] })
  })
})
