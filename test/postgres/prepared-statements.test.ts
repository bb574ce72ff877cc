import { expect, onTestFinished, test } from 'vitest'
import type { ConnectionDescriptor } from '../../src/model/connection.ts'
import { openPool } from '../../src/postgres/connect.ts'
import { noPgbouncer, startPgbouncer } from '../support/pgbouncer.ts'
import { createTestDatabase, superuser } from '../support/test-server.ts'

const PREPARED = 'select count(*)::int as prepared from pg_prepared_statements'

function pool(to: ConnectionDescriptor, max = 1) {
  const opened = openPool(to, { applicationName: 'test', max, prepare: true })
  onTestFinished(() => opened.end())
  return opened
}

test('what is asked again with parameters is planned once; what has none is not prepared', async () => {
  const { query } = bound(pool(superuser()))
  for (const n of [1, 2, 3]) expect(await query('select $1::int + 1 as n', [n])).toEqual([{ n: n + 1 }])
  expect(await query('select 5 as n')).toEqual([{ n: 5 }])
  expect(await query(PREPARED)).toEqual([{ prepared: 1 }])
})

test('a change of the schema beneath a prepared statement is survived', async () => {
  const database = await createTestDatabase()
  onTestFinished(() => database.drop())
  const { query } = bound(pool(database.connection))
  await query('create table t (id int); insert into t values (1)')
  expect(await query('select * from t where id = $1', [1])).toEqual([{ id: 1 }])
  await query('alter table t add column more int')
  expect(await query('select * from t where id = $1', [1])).toEqual([{ id: 1, more: null }])
})

test('texts that are never the same do not fill the server', async () => {
  const { query } = bound(pool(superuser()))
  for (let n = 0; n < 150; n += 1) await query(`select $1::int as n${n}`, [n])
  expect(await query(PREPARED)).toEqual([{ prepared: 100 }])
})

test('an error is that of the statement', async () => {
  const { query } = bound(pool(superuser()))
  await expect(query('select 1 / $1::int', [0])).rejects.toMatchObject({ code: '22012' })
  expect(await query('select 1 / $1::int as n', [1])).toEqual([{ n: 1 }])
})

test.skipIf(noPgbouncer !== undefined)(
  'through PgBouncer, which hands connections around, all are answered',
  async () => {
    const bouncer = await startPgbouncer(superuser(), { poolSize: 2 })
    onTestFinished(() => bouncer.stop())
    const { query } = bound(pool(bouncer.through(superuser()), 6))
    const numbers = Array.from({ length: 200 }, (_, n) => n)
    const answers = await Promise.all(numbers.map((n) => query('select $1::int as n', [n])))
    expect(answers).toEqual(numbers.map((n) => [{ n }]))
  },
)

/** Asks as Kysely does: over a client of the pool, awaiting it. */
function bound(pool: ReturnType<typeof openPool>) {
  const query = async (text: string, values?: unknown[]) => {
    const client = await pool.connect()
    try {
      return (values === undefined ? await client.query(text) : await client.query(text, values)).rows
    } finally {
      client.release()
    }
  }
  return { query }
}
