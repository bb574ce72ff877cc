import { describe, expect, test } from 'vitest'
import { setupFleet } from '../support/fleet.ts'
import { runFleet } from '../support/fleet-process.ts'

const IDS = ['a', 'b', 'c']
const SAFE = 'await sql`alter table items add column color text`.execute(db)'
const RISKY = 'await sql`alter table items drop column price`.execute(db)'

async function setup(input: Parameters<typeof setupFleet>[0] = {}) {
  const test = await setupFleet(input)
  await test.create(IDS)
  for (const id of IDS) await test.inTenant(id, (client) => client.query('insert into items values (1, 10)'))
  await test.migration('0003_color', SAFE)
  /** What restore points there are, by tenant. */
  const points = async () => {
    const all = await test.fleet.restorePoints.list()
    return all
      .map(({ tenantId, state, reason, version }) => `${tenantId} ${state} ${reason} ${version}`)
      .toSorted((one, other) => one.localeCompare(other))
  }
  const items = async (id: string) =>
    (await test.inTenant(id, (client) => client.query('select to_jsonb(items) as item from items'))).rows.map(
      ({ item }) => item,
    )
  return { ...test, points, items }
}

const ALL_TAKEN = IDS.map((id) => `${id} ready rollout 0002_price`)

describe('a rollout takes a restore point of each tenant', () => {
  test('that lacks a risky migration, before its first one, and a tenant can return to it', async () => {
    const { fleet, migration, points, items, histories, events } = await setup()
    await migration('0004_drop', RISKY)
    const { kind } = await fleet.rollouts.start()
    expect(kind).toBe('rested')
    expect(await points()).toEqual(ALL_TAKEN)
    expect(events.filter(({ type }) => type === 'tenant.restore-point')).toHaveLength(3)
    expect(await items('a')).toEqual([{ id: 1, color: null }])
    expect(await fleet.restore('a')).toMatchObject({ loss: { kind: 'none' } })
    expect(await items('a')).toEqual([{ id: 1, price: 10 }])
    expect(await histories(['a', 'b'])).toMatchObject({ a: ['0001_items', '0002_price'], b: { length: 4 } })
  })

  test('or of none where nothing is risky, or nobody wants them', async () => {
    const { fleet, migration, points } = await setup()
    await fleet.rollouts.start()
    await migration('0004_drop', RISKY)
    await fleet.rollouts.start({ takeRestorePoints: 'never' })
    expect(await points()).toEqual([])
  })

  test('or of all, where it is told to', async () => {
    const { fleet, points } = await setup({ restorePoints: { take: 'always' } })
    await fleet.rollouts.start()
    expect(await points()).toEqual(ALL_TAKEN)
  })

  test('and keeps them from its end on, not while it is under way', async () => {
    const { fleet, migration, points } = await setup({ restorePoints: { keep: '1ms' } })
    await migration('0004_drop', `${RISKY}; if ((globalThis as any).failsOnce) throw new Error('no')`)
    Reflect.set(globalThis, 'failsOnce', true)
    try {
      await fleet.rollouts.start()
    } finally {
      Reflect.deleteProperty(globalThis, 'failsOnce')
    }
    for await (const _ of fleet.restorePoints.prune());
    expect(await points()).toHaveLength(1)
    await fleet.rollouts.retry()
    await fleet.rollouts.resume()
    expect(await points()).toEqual(ALL_TAKEN)
    for await (const _ of fleet.restorePoints.prune());
    expect(await points()).toEqual([])
  })
})

test('a tenant of which none can be made is not migrated, and the plan says what is taken', async () => {
  const { fleet, migration, root, env, histories, inCatalog } = await setup()
  await migration('0004_drop', RISKY)
  const shown = await runFleet(['rollout', 'plan'], { root, env })
  expect(shown.output).toContain('get a restore point first')
  await inCatalog((client) =>
    client.query(`update fleet.tenant set placement = jsonb_set(placement, '{databaseId}', '"1"') where id = 'b'`),
  )
  await fleet.rollouts.start({ maxFailures: 3 })
  expect(await histories(IDS)).toMatchObject({ a: { length: 4 }, b: { length: 2 }, c: { length: 4 } })
  expect(await fleet.rollouts.status()).toMatchObject({
    failures: [{ count: 1, example: 'b', message: expect.stringContaining('is another one than the fleet knows') }],
  })
})

test.each([
  'restore-point.recorded',
  'restore-point.observed',
  'restore-point.copied',
  'restore-point.made',
  'run.restore-point-taken',
])('killed at %s, it goes on: each tenant has one, of before its first migration', async (failpoint) => {
  const { fleet, migration, root, env, points, items, histories, inCatalog, name } = await setup()
  await migration('0004_drop', RISKY)
  const args = ['rollout', 'start', '--yes']
  expect(await runFleet(args, { root, env: { ...env, FLEET_FAILPOINT: failpoint } })).toMatchObject({
    code: 'SIGKILL',
  })
  // Also where nobody was let in when it died: nothing has to be opened again.
  for (const id of IDS) expect(await items(id)).toEqual([{ id: 1, price: 10 }])
  expect(await runFleet(args, { root, env })).toMatchObject({ code: 0 })
  expect(await histories(IDS)).toMatchObject({ a: { length: 4 }, b: { length: 4 }, c: { length: 4 } })
  expect((await points()).filter((it) => it.includes('ready'))).toEqual(ALL_TAKEN)
  await inCatalog((client) =>
    client.query(`update fleet.restore_point set created_at = now() - interval '2 hours' where state = 'creating'`),
  )
  for await (const _ of fleet.restorePoints.prune());
  expect(await points()).toEqual(ALL_TAKEN)
  const { rows } = await inCatalog((client) =>
    client.query('select count(*)::int as left from pg_database where starts_with(datname, $1)', [`${name}__restore_`]),
  )
  expect(rows).toEqual([{ left: 3 }])
})
