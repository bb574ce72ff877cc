import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FIRST, SECOND, setupFleet, type TestFleet } from '../support/fleet.ts'

const IDS = ['a', 'b', 'c', 'd', 'e', 'f']

/** Starts a rollout and returns, with how it ended, what was told of migrations: proven, or deviated. */
async function eventsOf(
  { fleet, events }: TestFleet,
  options: Parameters<TestFleet['fleet']['rollouts']['start']>[0] = {},
) {
  events.length = 0
  const result = await fleet.rollouts.start(options)
  return { result, events: events.filter(({ type }) => type.startsWith('migration.')) }
}

/** The body of a migration that counts how often it is run in this process. */
const COUNTED = `globalThis.liveRuns = (globalThis.liveRuns ?? 0) + 1
  await db.schema.createTable('c').addColumn('id', 'integer').execute()
  await sql\`insert into c values (\${5})\`.execute(db)`

async function liveRuns(act: () => Promise<unknown>): Promise<unknown> {
  Reflect.set(globalThis, 'liveRuns', 0)
  await act()
  return Reflect.get(globalThis, 'liveRuns')
}

describe('a recorded migration', () => {
  test('is sent as recorded once some tenants were sent the same live, one at a time', async () => {
    const test = await setupFleet()
    const { fleet, create, migration, histories, inCatalog, events } = test
    await create(IDS)
    await migration('0003_c', `await db.schema.createTable('c').addColumn('id', 'integer').execute()`)
    const { result, events: told } = await eventsOf(test)
    expect(result).toMatchObject({ kind: 'rested', status: { outcome: 'succeeded' } })
    expect(told).toMatchObject([{ type: 'migration.proven', migration: '0003_c', tenants: 3 }])
    const rows = await inCatalog((client) =>
      client.query('select name, state, cardinality(proven_by) as tenants from fleet.rollout_migration'),
    )
    expect(rows.rows).toEqual([{ name: '0003_c', state: 'proven', tenants: 3 }])
    expect(await histories(IDS)).toEqual(Object.fromEntries(IDS.map((id) => [id, [FIRST, SECOND, '0003_c']])))
    // Until it was proven, no tenant began before the one before it had ended.
    const order = events.flatMap((it) =>
      it.type === 'tenant.started' || it.type === 'tenant.succeeded' ? [it.type] : [],
    )
    expect(order.slice(0, 6)).toEqual(Array(3).fill(['tenant.started', 'tenant.succeeded']).flat())
    await fleet.close()
  })

  test('is not run once it is proven: `up` is called for the proving tenants and for nobody else', async () => {
    const test = await setupFleet({ rollout: { proof: 3 } })
    const { create, migration, histories, inTenant } = test
    await create(IDS)
    await migration('0003_c', COUNTED)
    // A child process records it: what `up` does to a global there is not seen here.
    expect(await liveRuns(() => test.fleet.rollouts.plan())).toBe(0)
    expect(await liveRuns(() => eventsOf(test))).toBe(3)
    expect(await histories(IDS)).toEqual(Object.fromEntries(IDS.map((id) => [id, [FIRST, SECOND, '0003_c']])))
    for (const id of IDS) {
      const { rows } = await inTenant(id, (client) => client.query('select id from c'))
      expect(rows).toEqual([{ id: 5 }])
    }
    await migration('0004_d', COUNTED.replace(`'c'`, `'d'`).replace('into c', 'into d'))
    // The plan builds a template, in which those before it run live.
    await test.fleet.rollouts.plan()
    expect(await liveRuns(() => eventsOf(test, { replay: false }))).toBe(IDS.length)
  })

  test('runs live everywhere when one tenant is sent something else', async () => {
    const test = await setupFleet({ rollout: { proof: 2 } })
    const { create, migration, root, histories, inTenant } = test
    await create(IDS)
    // What the file says is not what the host says: no recorder can see that.
    await writeFile(join(root, 'column.txt'), 'recorded')
    const read = `const { readFileSync } = await import('node:fs')
      const column = readFileSync(${JSON.stringify(join(root, 'column.txt'))}, 'utf8')`
    await migration('0003_c', `${read}; await db.schema.createTable('c').addColumn(column, 'integer').execute()`)
    const { digest } = await test.fleet.rollouts.plan()
    await writeFile(join(root, 'column.txt'), 'elsewhere')
    const { result, events } = await eventsOf(test, { digest })
    expect(result).toMatchObject({ kind: 'rested', status: { outcome: 'succeeded' } })
    expect(events).toMatchObject([
      { type: 'migration.deviated', migration: '0003_c', deviation: expect.stringContaining('create table "c"') },
    ])
    expect(JSON.stringify(events)).not.toContain('elsewhere')
    for (const id of IDS) {
      const { rows } = await inTenant(id, (client) => client.query('select * from c'))
      expect(rows).toEqual([])
    }
    expect(Object.values(await histories(IDS)).every((it) => it.includes('0003_c'))).toBe(true)
  })

  test('that stopped half-way goes on being proven by the next driver', async () => {
    const test = await setupFleet()
    const { fleet, create, migration, inCatalog } = test
    await create(IDS)
    await migration('0003_c', `await db.schema.createTable('c').addColumn('id', 'integer').execute()`)
    const stop = new AbortController()
    let proven = 0
    fleet.on((event) => {
      if (event.type === 'tenant.succeeded' && ++proven === 2) stop.abort()
    })
    await fleet.rollouts.start({ signal: stop.signal })
    const count = async () => {
      const { rows } = await inCatalog((client) =>
        client.query<{ tenants: number }>('select cardinality(proven_by) as tenants from fleet.rollout_migration'),
      )
      return rows[0]?.tenants
    }
    expect(await count()).toBe(2)
    expect(await fleet.rollouts.resume()).toMatchObject({ status: { outcome: 'succeeded' } })
    expect(await count()).toBe(3)
  })

  test('is not replayed with replay: false, nor when it is dynamic', async () => {
    const test = await setupFleet()
    const { create, migration } = test
    await create(IDS)
    await migration('0003_c', `await db.schema.createTable('c').addColumn('id', 'integer').execute()`)
    expect((await eventsOf(test, { replay: false })).events).toEqual([])
    await migration(
      '0004_d',
      `const { rows } = await sql\`select count(*) as n from items\`.execute(db)
      if (Number(rows[0]?.n) >= 0) await db.schema.createTable('d').addColumn('id', 'integer').execute()`,
    )
    const plan = await test.fleet.rollouts.plan()
    expect(plan.migrations).toMatchObject([
      {
        name: '0004_d',
        assessment: {
          kind: 'dynamic',
          verdict: 'risky',
          restorePoint: true,
          sqlChecksum: null,
          reasons: [{ message: expect.any(String), line: expect.any(Number) }],
        },
      },
    ])
    const { result, events } = await eventsOf(test)
    expect(result).toMatchObject({ kind: 'rested', status: { outcome: 'succeeded' } })
    expect(events).toEqual([])
  })
})

test('all that a tenant lacks can share one transaction', async () => {
  const test = await setupFleet({ rollout: { transactionMode: 'per-run', proof: 1 } })
  const { create, migration, histories, inTenant } = test
  await create(IDS)
  await inTenant('f', (client) => client.query('create table d (id int)'))
  await migration('0003_c', `await db.schema.createTable('c').addColumn('id', 'integer').execute()`)
  await migration('0004_d', `await db.schema.createTable('d').addColumn('id', 'integer').execute()`)
  const { result } = await eventsOf(test, { maxFailures: 1 })
  expect(result).toMatchObject({
    status: { outcome: 'degraded', failures: [{ migration: '0004_d', sqlstate: '42P07', example: 'f' }] },
  })
  const after = await histories(IDS)
  expect(after.a).toEqual([FIRST, SECOND, '0003_c', '0004_d'])
  expect(after.f).toEqual([FIRST, SECOND])
})

describe('a file that was applied', () => {
  test('may be re-formatted, and is refused when it sends something else', async () => {
    const { fleet, create, migration } = await setupFleet()
    await create(['a'])
    await migration('0003_c', `await db.schema.createTable('c').addColumn('id', 'integer').execute()`)
    await fleet.rollouts.start()
    await migration(
      '0003_c',
      `// Tables for c.\n    await db.schema\n.createTable('c').addColumn('id', 'integer').execute()`,
    )
    expect(await fleet.rollouts.start()).toMatchObject({ kind: 'nothing-to-do' })
    expect((await fleet.migrations.list()).at(-1)).toMatchObject({ state: 'applied' })
    await migration('0003_c', `await db.schema.createTable('c').addColumn('id', 'bigint').execute()`)
    await expect(fleet.rollouts.plan()).rejects.toMatchObject({ code: 'MIGRATIONS_DIFFER' })
  })
})

test.each([
  [
    'a statement that cannot run in a transaction',
    'sql`create index concurrently i on items (id)`',
    'transaction: false',
  ],
  ['a transaction of its own', 'sql`commit`', 'transaction'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the migration's source
  ['a parameter where none can be', 'sql`alter table items add x int default ${5}`', 'sql.lit'],
])('a plan refuses %s, with its line and the remedy', async (_, statement, remedy) => {
  const { fleet, create, migration } = await setupFleet()
  await create(['a'])
  await migration('0003_c', `await ${statement}.execute(db)`)
  const error = await fleet.rollouts.plan().catch((it: unknown) => it)
  expect(error).toMatchObject({
    code: 'MIGRATION_REFUSED',
    message: expect.stringMatching(/^migrations\/0003_c\.ts:\d+: /),
  })
  expect(`${(error as Error).message} ${Reflect.get(error as object, 'remedy')}`).toContain(remedy)
})
