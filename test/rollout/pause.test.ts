import { expect, test } from 'vitest'
import { FIRST, ids, SECOND, setupFleet, type TestFleet } from '../support/fleet.ts'

/** Holds a table in tenants, so that a migration of it waits; returns how to let go of all of them. */
async function block({ inTenant }: TestFleet, tenants: readonly string[]): Promise<() => Promise<void>> {
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const held = tenants.map((id) => {
    let ready = () => {}
    const isHeld = new Promise<void>((resolve) => {
      ready = resolve
    })
    const done = inTenant(id, async (client) => {
      await client.query('begin')
      await client.query('lock table items')
      ready()
      await released
    })
    return { isHeld, done }
  })
  await Promise.all(held.map((it) => it.isHeld))
  return async () => {
    release()
    await Promise.all(held.map((it) => it.done))
  }
}

async function setupBlocked(tenants: number) {
  const test = await setupFleet({ rollout: { failureMode: 'soft', concurrency: 2, proof: 0, lockTimeout: '5m' } })
  await test.create(ids(tenants))
  await test.migration('0003_more', 'await sql`alter table items add column more int`.execute(db)')
  const unblock = await block(test, ids(tenants))
  const started = (count: number) =>
    new Promise<void>((resolve) => {
      const look = () => test.events.filter((it) => it.type === 'tenant.started').length >= count && resolve()
      test.fleet.on(look)
      look()
    })
  return { ...test, unblock, started }
}

test('a pause lets what runs finish and starts nothing more; resume goes on', async () => {
  const { fleet, unblock, started, events, histories } = await setupBlocked(5)
  const driving = fleet.rollouts.start()
  await started(2)
  await fleet.rollouts.pause(undefined, { note: 'lunch' })
  await unblock()
  expect(await driving).toMatchObject({
    kind: 'rested',
    status: {
      state: 'paused',
      pauseReason: 'operator',
      pauseNote: 'lunch',
      waves: [{ counts: { succeeded: 2, pending: 3, running: 0 } }],
    },
  })
  expect(events.filter((it) => it.type === 'tenant.started')).toHaveLength(2)
  // A pipeline that runs its command again does not override the operator.
  expect(await fleet.rollouts.start()).toMatchObject({ status: { state: 'paused', pauseReason: 'operator' } })
  expect(await fleet.rollouts.resume()).toMatchObject({ status: { state: 'completed' } })
  expect(Object.values(await histories(ids(5)))).toEqual(ids(5).map(() => [FIRST, SECOND, '0003_more']))
})

test('an abort lets what runs finish, skips the rest, and keeps what is done', async () => {
  const { fleet, unblock, started, histories } = await setupBlocked(5)
  const driving = fleet.rollouts.start()
  await started(2)
  await fleet.rollouts.abort()
  expect(await fleet.rollouts.status()).toMatchObject({ state: 'aborting' })
  await unblock()
  expect(await driving).toMatchObject({
    status: { state: 'aborted', waves: [{ counts: { succeeded: 2, skipped: 3, pending: 0, running: 0 } }] },
  })
  const migrated = Object.values(await histories(ids(5))).filter((it) => it.includes('0003_more'))
  expect(migrated).toHaveLength(2)
  expect((await fleet.status()).released).toBe(null)
})

test('a second driver is refused while the first is alive', async () => {
  const { fleet, open, unblock, started } = await setupBlocked(3)
  const driving = fleet.rollouts.start()
  await started(1)
  const other = await open()
  await expect(other.rollouts.resume(undefined, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'ROLLOUT_DRIVEN',
  })
  await other.close()
  await unblock()
  expect(await driving).toMatchObject({ status: { state: 'completed' } })
})

test('a tenant created while a rollout runs joins it, and is at its target when it ends', async () => {
  const { fleet, create, unblock, started, histories, open } = await setupBlocked(3)
  // Released before, so that a new tenant does not get the newest version anyway.
  const driving = fleet.rollouts.start()
  await started(2)
  const other = await open()
  for await (const tenant of other.tenants.create([{ id: 'joiner' }])) expect(tenant.id).toBe('joiner')
  await other.close()
  await unblock()
  const result = await driving
  expect(result).toMatchObject({ status: { state: 'completed', outcome: 'succeeded' } })
  expect(await histories(['joiner'])).toEqual({ joiner: [FIRST, SECOND, '0003_more'] })
  await create(['after'])
  expect((await histories(['after'])).after).toEqual([FIRST, SECOND, '0003_more'])
})

test('an interrupt pauses, and terminate ends the backends in tenants at once', async () => {
  const { fleet, unblock, started, inCatalog, name } = await setupBlocked(3)
  const stop = new AbortController()
  const driving = fleet.rollouts.start({ signal: stop.signal })
  await started(2)
  const backends = `select pid from pg_stat_activity where application_name like 'fleet/r%' and datname like $1`
  const inTenants = () =>
    inCatalog((client) => client.query(`${backends} and wait_event_type = 'Lock'`, [`${name}\\_%`]))
  while ((await inTenants()).rows.length < 2);
  stop.abort()
  await fleet.terminate()
  expect(await driving).toMatchObject({
    status: { state: 'paused', pauseReason: 'interrupted', waves: [{ counts: { pending: 3, running: 0 } }] },
  })
  expect((await inCatalog((client) => client.query(backends, [`${name}\\_%`]))).rows).toEqual([])
  await unblock()
  expect(await fleet.rollouts.resume()).toMatchObject({ status: { state: 'completed', outcome: 'succeeded' } })
})

test('a start while the driver before lets its tenants finish waits for it and goes on: a rolling deploy', async () => {
  const { fleet, unblock, started, open, histories } = await setupBlocked(4)
  const stop = new AbortController()
  const draining = fleet.rollouts.start({ signal: stop.signal })
  await started(2)
  stop.abort()
  while ((await fleet.rollouts.status()).state !== 'paused');
  const other = await open()
  const waiting = new Promise<void>((resolve) => {
    other.on((event) => event.type === 'rollout.waiting' && resolve())
  })
  const next = other.rollouts.start()
  await waiting
  await unblock()
  expect(await draining).toMatchObject({ status: { id: 'r1' } })
  expect(await next).toMatchObject({
    kind: 'rested',
    status: { state: 'completed', outcome: 'succeeded', driver: null },
  })
  await other.close()
  expect(Object.values(await histories(ids(4)))).toEqual(ids(4).map(() => [FIRST, SECOND, '0003_more']))
})
