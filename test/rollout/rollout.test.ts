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
    expect(plan.waves.map(({ name, tenants }) => [name, tenants])).toEqual([['canary', 2], ['early', 3]])
    const result = await fleet.rollouts.start()
    expect(result).toMatchObject({ kind: 'rested', status: { state: 'completed', outcome: 'succeeded' } })
    expect(await histories(['a', 'b', 'c', 'd', 'e'])).toEqual(Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((id) => [id, [FIRST, SECOND]])))
    expect((await fleet.status()).released).toBe(SECOND)

    const order = events.flatMap((it) => (it.type === 'tenant.succeeded' ? [it.wave] : []))
    expect(order).toEqual(['canary', 'canary', 'early', 'early', 'early'])
    expect(events.flatMap((it) => (it.type.startsWith('wave.') && 'wave' in it ? [`${it.type} ${it.wave}`] : []))).toEqual([
      'wave.started canary', 'wave.finished canary', 'wave.started early', 'wave.finished early',
    ])
  })

  test('of a fleet that is current does nothing, connects to no tenant and makes no rollout', async () => {
    const { fleet, create, inCatalog } = await setupFleet()
    await create(['a', 'b'])
    // Nobody gets in: a connection would fail.
    await inCatalog((client) => client.query(`update fleet.tenant set placement = jsonb_set(placement, '{database}', '"nowhere"')`))
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
    const { fleet, create, migration, inTenant, histories } = await setupFleet({ rollout: { waves: [{ name: 'all', maxFailures: 1 }] } })
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
    expect(await fleet.rollouts.resume(undefined, { maxFailures: 1 })).toMatchObject({ status: { state: 'completed', outcome: 'degraded' } })
  })

  test('skips pinned tenants, shows them, and still releases', async () => {
    const { fleet, create, migration, histories } = await setupFleet()
    await create(['a', 'b'])
    await fleet.tenants.pin(['b'], 'contract freeze')
    await migration('0003_more', 'await sql`create table more ()`.execute(db)')
    const plan = await fleet.rollouts.plan()
    expect(plan).toMatchObject({ tenants: 1, skipped: { pinned: 1, pinnedExamples: [{ id: 'b', reason: 'contract freeze' }] } })
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
    expect(await fleet.rollouts.plan({ scope: { waves: ['canary'] } })).toMatchObject({ tenants: 1, releases: false, waves: [{ name: 'canary' }] })
    expect(await fleet.rollouts.plan({ scope: { skipTenants: ['b'] } })).toMatchObject({ tenants: 3, releases: false })
    expect(await fleet.rollouts.plan({ scope: { tenants: ['c'] } })).toMatchObject({ tenants: 1, releases: false })
    await expect(fleet.rollouts.plan({ scope: { waves: ['canari'] } })).rejects.toThrow('There is no wave "canari". Close: canary. There are: canary, early, everyone.')
    await expect(fleet.rollouts.plan({ scope: { tenants: ['aa'] } })).rejects.toThrow('There is no tenant "aa". Close: a.')
    await expect(fleet.rollouts.plan({ scope: { tags: { ring: 'interna' } } })).rejects.toThrow('No tenant has the tag ring=interna. Tags in use: ring=internal (1).')
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
    expect(await fleet.rollouts.resume()).toMatchObject({ status: { state: 'completed', waves: [{ counts: { succeeded: 1, skipped: 2 } }] } })
    expect(await histories(['a', 'c'])).toEqual({ a: [FIRST, SECOND], c: [FIRST, SECOND, '0003_more'] })
    const { rows } = await inCatalog((client) => client.query('select tenant_id, skip_reason from fleet.tenant_run order by 1'))
    expect(rows).toEqual([{ tenant_id: 'a', skip_reason: 'pinned' }, { tenant_id: 'b', skip_reason: 'gone' }, { tenant_id: 'c', skip_reason: null }])
  })

  test('understands a tenant that Kysely migrated behind its back', async () => {
    const { fleet, create, migration, inTenant, histories } = await setupFleet()
    await create(['a', 'b'])
    await migration('0003_more', 'await sql`create table more ()`.execute(db)')
    await migration('0004_most', 'await sql`create table most ()`.execute(db)')
    await inTenant('a', async (client) => {
      await client.query(`create table more ()`)
      await client.query(`insert into kysely_migration select '0003_more', to_char(max(timestamp)::timestamptz + interval '1 s', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') from kysely_migration`)
    })
    expect(await fleet.rollouts.start()).toMatchObject({ status: { state: 'completed', outcome: 'succeeded' } })
    expect(await histories(['a', 'b'])).toEqual({ a: [FIRST, SECOND, '0003_more', '0004_most'], b: [FIRST, SECOND, '0003_more', '0004_most'] })
    expect((await fleet.tenants.show('a')).history).toEqual([FIRST, SECOND, '0003_more', '0004_most'])
  })

  test('records what a tenant got before its second migration failed', async () => {
    const { fleet, create, migration } = await setupFleet()
    await create(['a'])
    await migration('0003_more', 'await sql`create table more ()`.execute(db)')
    await migration('0004_bad', 'await sql`create table more ()`.execute(db)')
    expect(await fleet.rollouts.start()).toMatchObject({ status: { failures: [{ migration: '0004_bad', sqlstate: '42P07' }] } })
    expect(await fleet.tenants.show('a')).toMatchObject({ version: '0003_more', pending: ['0004_bad'] })
  })
})

describe('a plan', () => {
  test('refuses a file that was edited after tenants applied it, until it is accepted', async () => {
    const { fleet, create, migration } = await setupFleet()
    await create(['a', 'b'])
    await migration(SECOND, 'await sql`alter table items add column price bigint`.execute(db)')
    await expect(fleet.rollouts.plan()).rejects.toMatchObject({
      code: 'MIGRATIONS_DIFFER',
      message: `migrations/${SECOND}.ts was changed after 2 tenants applied it.`,
      remedy: expect.stringContaining(`fleet migrate accept ${SECOND}`),
    })
    expect(await fleet.migrations.list()).toMatchObject([{ state: 'applied' }, { state: 'edited' }])
    await fleet.migrations.accept(SECOND)
    expect(await fleet.rollouts.plan()).toMatchObject({ tenants: 0 })
  })

  test('refuses a missing file and one out of order, and says how many tenants have it', async () => {
    const { fleet, create, migration, root } = await setupFleet()
    await create(['a', 'b', 'c'])
    await migration('0001_before', 'await sql`select 1`.execute(db)')
    await expect(fleet.rollouts.plan()).rejects.toMatchObject({
      code: 'MIGRATIONS_DIFFER',
      message: `migrations/0001_before.ts sorts before ${FIRST}, which 3 tenants applied without it.`,
    })
    const { rm } = await import('node:fs/promises')
    await rm(`${root}/migrations/0001_before.ts`)
    await rm(`${root}/migrations/${SECOND}.ts`)
    await expect(fleet.rollouts.plan()).rejects.toThrow(`${SECOND} was applied by 3 tenants, and there is no file for it.`)
  })

  test('refuses a wave that matches nobody, unless it is optional', async () => {
    const waves = [{ name: 'canary', match: { ring: 'intrenal' } }, { name: 'rest' }]
    const { fleet, create, migration } = await setupFleet({ rollout: { waves } })
    await create({ a: { ring: 'internal' } })
    await migration('0003_more', 'await sql`create table more ()`.execute(db)')
    await expect(fleet.rollouts.plan()).rejects.toThrow('Wave "canary" matches no tenant that an earlier wave leaves: ring=intrenal. Tags in use: ring=internal (1).')
  })

  test('keeps its digest when tenants come and go, and changes it with files, policy, scope and versions', async () => {
    const { fleet, create, migration } = await setupFleet()
    await create(['a', 'b'])
    await migration('0003_more', 'await sql`create table more ()`.execute(db)')
    const { digest } = await fleet.rollouts.plan()
    await create(['c'])
    await fleet.rollouts.plan()
    await fleet.tenants.delete(['b'])
    // c got the newest version, as nothing was released yet.
    expect((await fleet.rollouts.plan()).digest).toBe(digest)
    const others = await Promise.all([
      fleet.rollouts.plan({ concurrency: 3 }),
      fleet.rollouts.plan({ maxFailures: 3 }),
      fleet.rollouts.plan({ scope: { tenants: ['a'] } }),
    ])
    expect(new Set([digest, ...others.map((it) => it.digest)]).size).toBe(4)
    await migration('0003_more', 'await sql`create table more2 ()`.execute(db)').then(() => {})
    await fleet.tenants.delete(['c'])
    expect((await fleet.rollouts.plan()).digest).not.toBe(digest)
  })

  test('that was looked at is refused when tags changed since; who came since is a joiner', async () => {
    const { fleet, create, migration, histories } = await setupFleet()
    await fleet.rollouts.start()
    await create(['a', 'b'])
    await migration('0003_more', 'await sql`create table more ()`.execute(db)')
    const { digest } = await fleet.rollouts.plan()
    await fleet.tenants.tag(['a'], { ring: 'x' })
    await expect(fleet.rollouts.start({ digest })).rejects.toMatchObject({ code: 'PLAN_CHANGED', message: 'Tags or pins of 1 tenant changed after the plan was made.' })
    await fleet.rollouts.plan()
    await create(['c'])
    const result = await fleet.rollouts.start({ digest })
    expect(result).toMatchObject({ status: { state: 'completed', waves: [{ name: 'everyone' }, { name: 'joiners', counts: { succeeded: 1 } }] } })
    expect(await histories(['c'])).toEqual({ c: [FIRST, SECOND, '0003_more'] })
    await expect(fleet.rollouts.start({ digest: 'abcdef123456' })).rejects.toMatchObject({ code: 'PLAN_CHANGED' })
  })
})

describe('start again', () => {
  test('goes on with the same plan, refuses another one, and replaces it with supersede', async () => {
    const { fleet, create, migration, histories } = await setupFleet()
    await create(ids(3))
    await migration('0003_more', 'await sql`create table more ()`.execute(db)')
    const paused = await fleet.rollouts.start({ signal: AbortSignal.abort() })
    expect(paused).toMatchObject({ status: { id: 'r1', state: 'paused', pauseReason: 'interrupted' } })
    await expect(fleet.rollouts.start({ concurrency: 2 })).rejects.toMatchObject({ code: 'ROLLOUT_ACTIVE' })
    expect(await fleet.rollouts.start()).toMatchObject({ status: { id: 'r1', state: 'completed' } })

    await migration('0004_most', 'await sql`create table most ()`.execute(db)')
    await fleet.rollouts.start({ signal: AbortSignal.abort() })
    await migration('0005_last', 'await sql`create table last ()`.execute(db)')
    const replaced = await fleet.rollouts.start({ supersede: true })
    expect(replaced).toMatchObject({ status: { state: 'completed', target: '0005_last' } })
    expect((await fleet.rollouts.list()).map((it) => it.state)).toEqual(['completed', 'aborted', 'completed'])
    expect(Object.values(await histories(ids(3)))).toEqual(ids(3).map(() => [FIRST, SECOND, '0003_more', '0004_most', '0005_last']))
  })

  test('leaves alone what an operator has paused; resume goes on', async () => {
    const { fleet, create, migration } = await setupFleet()
    await create(ids(2))
    await migration('0003_more', 'await sql`create table more ()`.execute(db)')
    await fleet.rollouts.start({ signal: AbortSignal.abort() })
    const row = await fleet.rollouts.status()
    expect(row.pauseReason).toBe('interrupted')
    // Paused by hand while running: resume, then pause at once.
    const resumed = fleet.rollouts.resume(undefined, { signal: AbortSignal.abort() })
    await resumed
    await fleet.rollouts.abort()
    expect(await fleet.rollouts.status()).toMatchObject({ state: 'aborted' })
    await expect(fleet.rollouts.pause()).rejects.toMatchObject({ code: 'INVALID_TRANSITION' })
    await expect(fleet.rollouts.resume('r1')).rejects.toMatchObject({ code: 'INVALID_TRANSITION' })
    await expect(fleet.rollouts.resume('r99')).rejects.toMatchObject({ code: 'ROLLOUT_UNKNOWN' })
  })

  test('refuses files that changed under a rollout', async () => {
    const { fleet, create, migration } = await setupFleet()
    await create(ids(2))
    await migration('0003_more', 'await sql`create table more ()`.execute(db)')
    await fleet.rollouts.start({ signal: AbortSignal.abort() })
    await migration('0003_more', 'await sql`create table other ()`.execute(db)')
    await expect(fleet.rollouts.resume()).rejects.toMatchObject({ code: 'PLAN_CHANGED', message: 'Changed after the rollout was planned: migrations/0003_more.ts.' })
    await fleet.rollouts.abort()
    expect(await fleet.rollouts.status()).toMatchObject({ state: 'aborted' })
  })
})
