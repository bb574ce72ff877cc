import { describe, expect, onTestFinished, test } from 'vitest'
import { FIRST, ids, SECOND, setupFleet, type TestFleet } from '../support/fleet.ts'
import { runFleet } from '../support/fleet-process.ts'

const MORE = 'await sql`create table more ()`.execute(db)'

/** Starts a rollout and stops it before its first tenant. */
async function paused(test: TestFleet): Promise<void> {
  await test.migration('0003_more', MORE)
  expect(await test.fleet.rollouts.start({ signal: AbortSignal.abort() })).toMatchObject({
    status: { state: 'paused' },
  })
}

describe('what happens to tenants between the steps of a rollout', () => {
  test('one that is deleted and created again is brought to the target all the same', async () => {
    const made = await setupFleet()
    const { fleet, create, migration, histories, inTenant } = made
    await fleet.rollouts.start({ to: SECOND })
    await create(['a', 'b'])
    await migration('0003_unique', 'await sql`alter table items add unique (price)`.execute(db)')
    await inTenant('b', (client) => client.query('insert into items values (1, 5), (2, 5)'))
    await fleet.rollouts.start({ maxFailures: 0 })
    // Both are settled: one has succeeded or is pending, b has failed.
    await fleet.tenants.delete(['a', 'b'])
    await create(['a', 'b'])
    expect(await histories(['a', 'b'])).toEqual({ a: [FIRST, SECOND], b: [FIRST, SECOND] })
    expect(await fleet.rollouts.resume()).toMatchObject({ status: { state: 'completed', outcome: 'succeeded' } })
    expect(await histories(['a', 'b'])).toEqual({
      a: [FIRST, SECOND, '0003_unique'],
      b: [FIRST, SECOND, '0003_unique'],
    })
  })

  test('one that is unpinned joins', async () => {
    const made = await setupFleet()
    await made.create(['a', 'b'])
    await made.fleet.tenants.pin(['b'], 'freeze')
    await paused(made)
    await made.fleet.tenants.unpin(['b'])
    expect(await made.fleet.rollouts.resume()).toMatchObject({
      status: { state: 'completed', waves: [{}, { name: 'joiners', counts: { succeeded: 1 } }] },
    })
    expect((await made.histories(['b'])).b).toContain('0003_more')
  })

  test('who comes after the plan takes nobody’s place in a wave', async () => {
    const made = await setupFleet({ rollout: { waves: [{ name: 'canary', size: 1 }, { name: 'rest' }] } })
    const { fleet, create, migration, inCatalog } = made
    await fleet.rollouts.start({ to: SECOND })
    const byHash = (
      await inCatalog((client) =>
        client.query(`select id from unnest($1::text[]) id order by sha256(convert_to(id, 'UTF8'))`, [ids(9)]),
      )
    ).rows.map((it) => it.id)
    const [first = '', ...others] = byHash
    await create(others)
    await migration('0003_more', MORE)
    const { digest } = await fleet.rollouts.plan()
    await create([first])
    await fleet.rollouts.start({ digest, signal: AbortSignal.abort() })
    const { rows } = await inCatalog((client) =>
      client.query(
        `select tenant_id, w.name from fleet.tenant_run r join fleet.wave w on w.rollout_id = r.rollout_id and w.position = r.wave where w.name <> 'rest' order by 2`,
      ),
    )
    expect(rows).toEqual([
      { tenant_id: others[0], name: 'canary' },
      { tenant_id: first, name: 'joiners' },
    ])
  })
})

describe('what operators and pipelines do between the steps', () => {
  test('a refused resume leaves the pause and its reason', async () => {
    const made = await setupFleet()
    await made.create(['a'])
    await paused(made)
    await made.migration('0003_more', 'await sql`create table other ()`.execute(db)')
    await expect(made.fleet.rollouts.resume()).rejects.toMatchObject({ code: 'PLAN_CHANGED' })
    expect(await made.fleet.rollouts.status()).toMatchObject({ state: 'paused', pauseReason: 'interrupted' })
  })

  test('retry without a failed tenant is refused and changes nothing', async () => {
    const made = await setupFleet()
    await made.create(['a'])
    await made.migration('0003_more', MORE)
    await made.fleet.rollouts.start()
    await expect(made.fleet.rollouts.retry()).rejects.toMatchObject({ code: 'INVALID_TRANSITION' })
    expect(await made.fleet.rollouts.status()).toMatchObject({ state: 'completed' })
  })

  test('two starts of the same at once end as one rollout', async () => {
    const made = await setupFleet()
    await made.create(ids(4))
    await made.migration('0003_more', MORE)
    const other = await made.open()
    const results = await Promise.allSettled([made.fleet.rollouts.start(), other.rollouts.start()])
    await other.close()
    // The second one waits for the first and finds it done, or sees that it is driven.
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'ROLLOUT_DRIVEN' })
    }
    expect(results.some((it) => it.status === 'fulfilled')).toBe(true)
    expect((await made.fleet.rollouts.list()).map((it) => it.state)).toEqual(['completed'])
    expect(Object.values(await made.histories(ids(4)))).toEqual(ids(4).map(() => [FIRST, SECOND, '0003_more']))
  })

  test('a start that comes to write its plan down when another one is through with it finds nothing to do', async () => {
    const made = await setupFleet()
    await made.create(ids(2))
    await made.migration('0003_more', MORE)
    const other = await made.open()
    onTestFinished(() => other.close())
    await made.inCatalog(async (holder) => {
      await holder.query(`
        create sequence fleet.saves; grant usage on sequence fleet.saves to public;
        create function fleet.hold_first() returns trigger language plpgsql as $$
          begin if nextval('fleet.saves') = 1 then perform pg_advisory_xact_lock(42); end if; return null; end $$;
        create trigger hold_first before insert on fleet.migration execute function fleet.hold_first();
        select pg_advisory_lock(42)`)
      const late = other.rollouts.start()
      const isHeld = `select 1 from pg_locks where locktype = 'advisory' and objid = 42 and not granted
        and database = (select oid from pg_database where datname = current_database())`
      while ((await holder.query(isHeld)).rowCount === 0);
      expect(await made.fleet.rollouts.start()).toMatchObject({ kind: 'rested', status: { outcome: 'succeeded' } })
      await holder.query('select pg_advisory_unlock(42)')
      expect(await late).toMatchObject({ kind: 'nothing-to-do' })
    })
    expect((await made.fleet.rollouts.list()).map((it) => it.state)).toEqual(['completed'])
  })

  test('an abort after a dead driver knows what that one had applied', async () => {
    const { fleet, create, migration, root, env, histories } = await setupFleet()
    await create(['a', 'b'])
    await migration('0003_more', MORE)
    const killed = await runFleet(['rollout', 'start', '--yes'], {
      root,
      env: { ...env, FLEET_FAILPOINT: 'run.applied' },
    })
    expect(killed.code).toBe('SIGKILL')
    await fleet.rollouts.abort()
    expect(await fleet.rollouts.status()).toMatchObject({ state: 'aborted' })
    const own = await histories(['a', 'b'])
    for await (const tenant of fleet.tenants.list()) expect(tenant.history).toEqual(own[tenant.id])
    // So an edit of what one tenant has is seen.
    await migration('0003_more', 'await sql`create table different ()`.execute(db)')
    await expect(fleet.rollouts.plan()).rejects.toMatchObject({ code: 'MIGRATIONS_DIFFER' })
  })
})

describe('what a failing migration may say', () => {
  test('no value of a row is kept, and failures with one cause are one group', async () => {
    const { fleet, create, migration, inTenant, inCatalog } = await setupFleet({
      rollout: { waves: [{ name: 'all', maxFailures: 5 }] },
    })
    await create(['a', 'b'])
    await migration('0003_cast', 'await sql`alter table note alter column text type int using text::int`.execute(db)')
    for (const id of ['a', 'b'])
      await inTenant(id, (client) =>
        client.query(
          `create table note (text text); alter table note owner to fleet_owner; insert into note values ('${id}@example.com')`,
        ),
      )
    const result = await fleet.rollouts.start()
    expect(result).toMatchObject({
      status: { failures: [{ sqlstate: '22P02', count: 2, message: 'invalid input syntax for type integer: "…"' }] },
    })
    const { rows } = await inCatalog((client) =>
      client.query(
        `select string_agg(to_jsonb(r)::text, '') || (select string_agg(data::text, '') from fleet.event) as all from fleet.tenant_run r`,
      ),
    )
    expect(rows[0].all).not.toContain('example.com')
  })

  test('a message that the catalog cannot store stops nothing', async () => {
    const { fleet, create, migration } = await setupFleet({ rollout: { waves: [{ name: 'all', maxFailures: 5 }] } })
    await create(['a', 'b'])
    await migration('0003_odd', "throw new Error('odd \\u0000 \\ud800 ' + 'x'.repeat(100_000))")
    expect(await fleet.rollouts.start()).toMatchObject({
      status: { state: 'completed', outcome: 'degraded', failures: [{ count: 2 }] },
    })
  })
})

test('the strict budget is kept when all fail at about the same time', async () => {
  const { fleet, create, migration, inCatalog, events } = await setupFleet({
    rollout: { waves: [{ name: 'all', maxFailures: 4, concurrency: 16 }] },
  })
  await create(ids(16))
  await migration('0003_bad', 'await sql`select 1 / 0`.execute(db)')
  expect(await fleet.rollouts.start()).toMatchObject({ status: { pauseReason: 'failure-budget' } })
  const { rows } = await inCatalog((client) =>
    client.query(`select count(*)::int as failed from fleet.tenant_run where state = 'failed'`),
  )
  expect(rows[0].failed).toBe(5)
  expect(events.filter((it) => it.type === 'tenant.started')).toHaveLength(5)
})
