import { expect, test } from 'vitest'
import { FIRST, ids, SECOND, setupFleet, type TestFleet } from '../support/fleet.ts'
import { runFleet } from '../support/fleet-process.ts'

// Claims and results are not waited for: a crash of the catalog's server may forget the last of them, while what they
// stand for is in the tenants. The rows are set back to what the server would have after it.

const ALL = ids(5)
const MORE = '0003_runs'
const LAST = '0004_run'

/** A fleet with a rollout that has started no tenant yet; `0004_run` leaves a row in a tenant each time that it runs. */
async function setup({ up = '', proof = 3 } = {}): Promise<TestFleet> {
  const made = await setupFleet({ rollout: { proof } })
  await made.create(ALL)
  await made.migration(MORE, 'await sql`create table runs (at int)`.execute(db)')
  await made.migration(LAST, `${up}; await sql\`insert into runs values (1)\`.execute(db)`)
  await made.fleet.rollouts.start({ signal: AbortSignal.abort() })
  await made.inCatalog((client) =>
    client.query(`create schema before;
      create table before.run as table fleet.tenant_run;
      create table before.tenant as table fleet.tenant`),
  )
  return made
}

/** Forgets what was written of these tenants: their results alone, or their claims as well. */
async function forget({ inCatalog }: TestFleet, tenants: readonly string[], what: 'claim' | 'result'): Promise<void> {
  const back =
    what === 'claim'
      ? `update fleet.tenant_run r set state = b.state, attempt = b.attempt, epoch = b.epoch, started_at = b.started_at,
          finished_at = null, not_before = b.not_before`
      : `update fleet.tenant_run r set state = 'running', finished_at = null`
  await inCatalog(async (client) => {
    const { rowCount } = await client.query(
      `${back} from before.run b where b.tenant_id = r.tenant_id and r.tenant_id = any($1)`,
      [tenants],
    )
    expect(rowCount).toBe(tenants.length)
    await client.query(
      `update fleet.tenant t set history_id = b.history_id, checked_at = b.checked_at
       from before.tenant b where b.id = t.id and t.id = any($1)`,
      [tenants],
    )
  })
}

/** A driver that was in the middle of it when the server died: nothing says that the rollout has come to rest. */
async function forgetPause({ inCatalog }: TestFleet): Promise<void> {
  await inCatalog((client) =>
    client.query(`update fleet.rollout set state = 'running', pause_reason = null, pause_note = null`),
  )
}

/** Every tenant is there, nothing ran twice, and nothing was taken for a failure, neither by rows nor by events. */
async function expectOnceEverywhere({ histories, inTenant, inCatalog, events, fleet }: TestFleet): Promise<void> {
  expect(await histories(ALL)).toEqual(Object.fromEntries(ALL.map((id) => [id, [FIRST, SECOND, MORE, LAST]])))
  for (const id of ALL) {
    const { rows } = await inTenant(id, (client) => client.query('select * from runs'))
    expect(rows, id).toEqual([{ at: 1 }])
  }
  const { rows } = await inCatalog((client) =>
    client.query(
      `select r.state, r.tries, r.sqlstate, h.names[cardinality(h.names)] as version, count(*)::int as tenants
       from fleet.tenant_run r join fleet.tenant t on t.id = r.tenant_id join fleet.history h on h.id = t.history_id
       group by 1, 2, 3, 4`,
    ),
  )
  expect(rows).toEqual([{ state: 'succeeded', tries: 0, sqlstate: null, version: LAST, tenants: ALL.length }])
  expect(events.filter(({ type }) => type === 'tenant.failed' || type === 'tenant.released')).toEqual([])
  expect(await fleet.rollouts.status()).toMatchObject({ failures: [] })
}

/** Goes on until two tenants have succeeded; returns those that were brought to the target. */
async function interrupt({ fleet, histories }: TestFleet): Promise<string[]> {
  const stop = new AbortController()
  let succeeded = 0
  const off = fleet.on(({ type }) => {
    if (type === 'tenant.succeeded' && ++succeeded === 2) stop.abort()
  })
  expect(await fleet.rollouts.resume(undefined, { signal: stop.signal })).toMatchObject({ status: { state: 'paused' } })
  off()
  const done = Object.entries(await histories(ALL)).flatMap(([id, names]) => (names.includes(LAST) ? [id] : []))
  expect(done.length).toBeGreaterThanOrEqual(2)
  return done
}

// Without a proof all of it is sent as recorded; with one, the first tenants run it live.
test.each([
  ['claim', 0],
  ['claim', 3],
  ['result', 0],
  ['result', 3],
] as const)('a tenant whose %s was forgotten after it was migrated is found done (proof: %i)', async (what, proof) => {
  const made = await setup({ proof })
  const done = await interrupt(made)
  await forget(made, done, what)
  await forgetPause(made)
  expect(await made.fleet.rollouts.resume()).toMatchObject({ status: { state: 'completed', outcome: 'succeeded' } })
  await expectOnceEverywhere(made)
})

test('a claim that was forgotten before anything was sent is made again', async () => {
  const made = await setup()
  const { root, env, fleet } = made
  const killed = await runFleet(['rollout', 'resume'], { root, env: { ...env, FLEET_FAILPOINT: 'run.claimed' } })
  expect(killed.code, killed.output).toBe('SIGKILL')
  const { rows } = await made.inCatalog((client) =>
    client.query(`select tenant_id from fleet.tenant_run where state = 'running'`),
  )
  expect(rows.length).toBeGreaterThan(0)
  await forget(
    made,
    rows.map((it) => it.tenant_id),
    'claim',
  )
  expect(await fleet.rollouts.resume()).toMatchObject({ status: { state: 'completed', outcome: 'succeeded' } })
  await expectOnceEverywhere(made)
})

test('all that a killed driver wrote of a tenant is forgotten, and the tenant is found done', async () => {
  const made = await setup()
  const { root, env, fleet, histories } = made
  const killed = await runFleet(['rollout', 'resume'], { root, env: { ...env, FLEET_FAILPOINT: 'run.applied' } })
  expect(killed.code, killed.output).toBe('SIGKILL')
  expect(Object.values(await histories(ALL)).flat()).toContain(LAST)
  await forget(made, ALL, 'claim')
  expect(await fleet.rollouts.resume()).toMatchObject({ status: { state: 'completed', outcome: 'succeeded' } })
  await expectOnceEverywhere(made)
})

test('a driver that lives on while its claim is forgotten does not migrate the tenant twice', async () => {
  const made = await setup({ up: 'await globalThis.whileRunning?.()' })
  const { inCatalog, fleet, events } = made
  const forgotten: string[] = []
  // Called by `up`, in the driver's own process: the tenant is being migrated at this moment, and not committed.
  Reflect.set(globalThis, 'whileRunning', async () => {
    const running = await inCatalog((client) =>
      client.query(`select tenant_id from fleet.tenant_run where state = 'running'`),
    )
    const tenants = running.rows.map((it) => it.tenant_id).filter((it) => !forgotten.includes(it))
    forgotten.push(...tenants)
    await forget(made, tenants, 'claim')
  })
  try {
    expect(await fleet.rollouts.resume()).toMatchObject({ status: { state: 'completed', outcome: 'succeeded' } })
  } finally {
    Reflect.deleteProperty(globalThis, 'whileRunning')
  }
  expect(forgotten.length).toBeGreaterThan(0)
  await expectOnceEverywhere(made)
  // Its first result was of an attempt that nobody knows any more; the one that was told of is the second's.
  const told = events.flatMap((it) => (it.type === 'tenant.succeeded' ? [it.tenantId] : []))
  expect(told.toSorted()).toEqual(ALL)
})
