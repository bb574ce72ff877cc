import { expect, test } from 'vitest'
import { setupFleet } from '../support/fleet.ts'
import { runFleet } from '../support/fleet-process.ts'

const OLD = ['0001_items', '0002_price']
const DROP = 'await sql`alter table items drop column price`.execute(db)'
const FAILS = 'await sql`select 1 / count(*) from items where id = 1`.execute(db)'
const OUTSIDE = 'export const config = { transaction: false }'

/** Two tenants; the rows of b make what divides by their number fail. */
async function setup(onFailure: 'halt' | 'restore') {
  const test = await setupFleet({ rollout: { waves: [{ name: 'all', maxFailures: 2, onFailure }] } })
  await test.create(['a', 'b'])
  await test.fleet.rollouts.start()
  await test.inTenant('a', (client) => client.query('insert into items values (1, 10)'))
  await test.inTenant('b', (client) => client.query('insert into items values (2, 20)'))
  const columns = async (id: string) =>
    (
      await test.inTenant(id, (client) =>
        client.query(
          `select attname from pg_attribute where attrelid = 'items'::regclass and attnum > 0 and not attisdropped`,
        ),
      )
    ).rows.map(({ attname }) => attname)
  return { ...test, columns }
}

test('a tenant that failed after its first migration is put back where its wave says so, and has failed', async () => {
  const { fleet, migration, histories, columns, events } = await setup('restore')
  await migration('0003_drop', DROP)
  await migration('0004_divide', FAILS)
  expect(await fleet.rollouts.start()).toMatchObject({
    status: {
      outcome: 'degraded',
      failures: [{ count: 1, example: 'b', message: 'division by zero (put back to what it had before)' }],
    },
  })
  expect(await histories(['a', 'b'])).toEqual({ a: [...OLD, '0003_drop', '0004_divide'], b: OLD })
  expect(await columns('b')).toEqual(['id', 'price'])
  expect(events.filter(({ type }) => type === 'tenant.restored')).toMatchObject([{ tenantId: 'b' }])
  await fleet.rollouts.retry()
  await migration('0004_divide', FAILS)
  await fleet.rollouts.resume()
  expect(await histories(['b'])).toEqual({ b: OLD })
})

test('otherwise it stays as the failure left it', async () => {
  const { fleet, migration, histories } = await setup('halt')
  await migration('0003_drop', DROP)
  await migration('0004_divide', FAILS)
  await fleet.rollouts.start()
  expect(await histories(['b'])).toEqual({ b: [...OLD, '0003_drop'] })
})

test('one that stopped half-way outside a transaction is put back; one whose transaction failed needs nothing', async () => {
  const { fleet, migration, histories, columns, events } = await setup('restore')
  await migration('0003_drop', `${DROP}; ${FAILS}`, OUTSIDE)
  await fleet.rollouts.start()
  expect(await histories(['b'])).toEqual({ b: OLD })
  expect(await columns('b')).toEqual(['id', 'price'])
  const restored = () => events.filter(({ type }) => type === 'tenant.restored').length
  expect(restored()).toBe(1)
  await fleet.rollouts.undo((await fleet.rollouts.status()).id)
  const before = restored()
  await migration('0003_drop', `${DROP}; ${FAILS}; // in a transaction`)
  await fleet.rollouts.start()
  expect(restored()).toBe(before)
  expect(await columns('b')).toEqual(['id', 'price'])
})

test('one to which somebody wrote meanwhile stays, and says so', async () => {
  const { fleet, migration, histories, columns } = await setup('restore')
  // The migration itself lets the application write between its steps, as it may at any time.
  await migration('0003_drop', `${DROP}; await sql\`insert into items values (3)\`.execute(db); ${FAILS}`, OUTSIDE)
  expect(await fleet.rollouts.start()).toMatchObject({
    status: { failures: [{ example: 'b', message: expect.stringMatching(/^division by zero \(not put back: /) }] },
  })
  expect(await histories(['b'])).toEqual({ b: OLD })
  expect(await columns('b')).toEqual(['id'])
})

test.each(['restore.recorded', 'restore.swapped', 'restore.done'])(
  'killed at %s while it puts a tenant back, the next process does that first',
  async (failpoint) => {
    const { migration, histories, columns, root, env, fleet } = await setup('restore')
    await migration('0003_drop', DROP)
    await migration('0004_divide', FAILS)
    const args = ['rollout', 'start', '--yes']
    expect(await runFleet(args, { root, env: { ...env, FLEET_FAILPOINT: failpoint } })).toMatchObject({
      code: 'SIGKILL',
    })
    expect(await runFleet(args, { root, env })).toMatchObject({ code: 3 })
    expect(await histories(['a', 'b'])).toEqual({ a: [...OLD, '0003_drop', '0004_divide'], b: OLD })
    expect(await columns('b')).toEqual(['id', 'price'])
    const points = await fleet.restorePoints.list({ tenantId: 'b' })
    expect(points.filter(({ state }) => state === 'creating')).toEqual([])
  },
)
