// biome-ignore-all lint/suspicious/noTemplateCurlyInString: source of migrations
import type { Style } from './styles.ts'

/** Migrations that depend on what a tenant answers. */
export const ANSWER_STYLES: readonly Style[] = [
  // What the rows steer.
  {
    style: 'a loop over rows',
    kind: 'dynamic',
    up: `for (const row of await db.selectFrom('t').selectAll().execute()) await db.deleteFrom('u').where('id', '=', row.id).execute()`,
  },
  {
    style: 'a loop over rows that ignores them',
    kind: 'dynamic',
    up: `for (const _ of await db.selectFrom('t').selectAll().execute()) console.log('one more')`,
  },
  {
    style: 'the number of rows',
    kind: 'dynamic',
    up: `const rows = await db.selectFrom('t').selectAll().execute()
if (rows.length > 100) await sql\`drop table t\`.execute(db)`,
  },
  {
    style: 'rows that are mapped',
    kind: 'dynamic',
    up: `const ids = (await db.selectFrom('t').select('id').execute()).map((row) => row.id)
void ids`,
  },
  {
    style: 'rows that are spread',
    kind: 'dynamic',
    up: `const rows = [...(await db.selectFrom('t').select('id').execute())]
void rows`,
  },
  {
    style: 'whether there is a first row',
    kind: 'dynamic',
    up: `if (!(await db.selectFrom('t').selectAll().executeTakeFirst())) await db.insertInto('t').values({ id: 1 }).execute()`,
  },
  {
    style: 'a value of the first row',
    kind: 'dynamic',
    up: `const row = await db.selectFrom('t').select(sql\`count(*)\`.as('n')).executeTakeFirst()
if (row?.n > 5) await sql\`drop table t\`.execute(db)`,
  },
  {
    style: 'a first row that must be there',
    kind: 'dynamic',
    up: `await db.selectFrom('t').selectAll().executeTakeFirstOrThrow()`,
  },
  {
    style: 'a returned id',
    kind: 'dynamic',
    up: `const row = await db.insertInto('t').defaultValues().returning('id').executeTakeFirst()
await db.insertInto('u').values({ t: row?.id ?? 0 }).execute()`,
  },
  {
    style: 'a returned id that must be there',
    kind: 'dynamic',
    up: `const { id } = await db.insertInto('t').defaultValues().returning('id').executeTakeFirstOrThrow()
await db.insertInto('u').values({ t: id }).execute()`,
  },
  {
    style: 'destructured rows of raw SQL',
    kind: 'dynamic',
    up: `const { rows: [first] } = await sql\`select version() as v\`.execute(db)
if (first) await sql\`select \${first.v}\`.execute(db)`,
  },
  {
    style: 'rows as JSON',
    kind: 'dynamic',
    up: `const { rows } = await sql\`select 1\`.execute(db)
await sql\`insert into t values (\${JSON.stringify(rows)})\`.execute(db)`,
  },
  {
    style: 'a row as a parameter',
    kind: 'dynamic',
    up: `const row = await db.selectFrom('t').selectAll().executeTakeFirst()
await sql\`insert into t values (\${row ?? null})\`.execute(db)`,
  },
  {
    style: 'a SHOW that is read',
    kind: 'dynamic',
    up: `const { rows } = await sql\`show server_version_num\`.execute(db)
if (Number(rows[0]?.server_version_num) >= 150000) await sql\`select 1\`.execute(db)`,
  },
  {
    style: 'an EXPLAIN that is read',
    kind: 'dynamic',
    up: `const { rows } = await sql\`explain select 1\`.execute(db)
if (String(rows).includes('Seq')) await sql\`select 1\`.execute(db)`,
  },
  {
    style: 'the tables that there are',
    kind: 'dynamic',
    up: `for (const table of await db.introspection.getTables()) await db.schema.alterTable(table.name).addColumn('x', 'text').execute()`,
  },
  {
    style: 'whether a table is there',
    kind: 'dynamic',
    up: `const { rows } = await sql\`select to_regclass('t') as t\`.execute(db)
if (rows[0]?.t === null) await sql\`create table t ()\`.execute(db)`,
  },
  {
    style: 'a stream',
    kind: 'dynamic',
    up: `for await (const row of db.selectFrom('t').selectAll().stream()) void row`,
  },
  {
    style: 'a stream whose refusal is caught',
    kind: 'dynamic',
    up: `try { for await (const row of db.selectFrom('t').selectAll().stream()) void row } catch {}`,
  },
  // What the counts steer.
  {
    style: 'batches until nothing is affected',
    kind: 'dynamic',
    up: `for (;;) {
  const { numUpdatedRows } = await db.updateTable('t').set({ a: 1 }).where('a', 'is', null).executeTakeFirstOrThrow()
  if (numUpdatedRows === 0n) break
}`,
  },
  {
    style: 'batches by deleted rows',
    kind: 'dynamic',
    up: `let n = 1n
while (n > 0n) n = (await db.deleteFrom('t').limit(1000).executeTakeFirst()).numDeletedRows`,
  },
  {
    style: 'whether anything was deleted',
    kind: 'dynamic',
    up: `const { numDeletedRows } = await db.deleteFrom('t').executeTakeFirst()
if (numDeletedRows) await sql\`analyze t\`.execute(db)`,
  },
  {
    style: 'a count as a number',
    kind: 'dynamic',
    up: `const result = await db.updateTable('t').set({ a: 1 }).executeTakeFirst()
if (Number(result.numUpdatedRows) > 5_000_000_000) await sql\`analyze t\`.execute(db)`,
  },
  {
    style: 'a count as text',
    kind: 'dynamic',
    up: `const result = await db.updateTable('t').set({ a: 1 }).executeTakeFirst()
if (\`\${result.numUpdatedRows}\`.endsWith('77')) await sql\`analyze t\`.execute(db)`,
  },
  {
    style: 'the faster of two queries',
    kind: 'dynamic',
    up: 'await Promise.race([sql`create table a ()`.execute(db), sql`create table b ()`.execute(db)])',
  },
  {
    style: 'a copy of the rows',
    kind: 'dynamic',
    up: `const { rows } = await sql\`select 1\`.execute(db)
await sql\`select \${[].concat(rows).at(0)}\`.execute(db)`,
  },
  {
    style: 'a count loosely compared with one number',
    kind: 'dynamic',
    up: `const result = await db.updateTable('t').set({ a: 1 }).executeTakeFirst()
if (result.numUpdatedRows == 5) await sql\`analyze t\`.execute(db)`,
  },
  {
    style: 'more than some rows',
    kind: 'dynamic',
    up: `const { numAffectedRows } = await sql\`delete from t\`.execute(db)
if (numAffectedRows > 1_000_000n) await sql\`analyze t\`.execute(db)`,
  },
  {
    style: 'a failure when nothing was affected',
    kind: 'dynamic',
    up: `const { numUpdatedRows } = await db.updateTable('t').set({ a: 1 }).executeTakeFirst()
if (numUpdatedRows === 0n) throw new Error('there is nothing')`,
  },
  {
    style: 'a failure when something was affected',
    kind: 'dynamic',
    up: `const { numUpdatedRows } = await db.updateTable('t').set({ a: 1 }).executeTakeFirst()
if (numUpdatedRows !== 0n) throw new Error('there is something')`,
  },
  // What failures steer.
  {
    style: 'a swallowed error',
    kind: 'dynamic',
    up: `try { await db.schema.dropTable('t').execute() } catch {}`,
  },
  {
    style: 'an error swallowed by a promise',
    kind: 'dynamic',
    up: `await db.schema.dropTable('t').execute().catch(() => {})`,
  },
  {
    style: 'an error swallowed by its code',
    kind: 'dynamic',
    up: `try { await db.schema.createTable('t').execute() } catch (error) { if (error.code !== '42P07') throw error }`,
  },
  {
    style: 'an error swallowed by its message',
    kind: 'dynamic',
    up: `try { await db.schema.createTable('t').execute() } catch (error) { if (!/already exists/.test(error.message)) throw error }`,
  },
  {
    style: 'an error swallowed by its text',
    kind: 'dynamic',
    up: `try { await db.schema.createTable('t').execute() } catch (error) { if (!String(error).includes('exists')) throw error }`,
  },
  {
    style: 'all settled, whatever came of it',
    kind: 'dynamic',
    up: 'await Promise.allSettled([sql`create table a ()`.execute(db), sql`create table b ()`.execute(db)])',
  },
  {
    style: 'a second way when the first fails',
    kind: 'dynamic',
    up: 'try { await sql`create extension vector`.execute(db) } catch { await sql`create table v ()`.execute(db) }',
  },
  {
    style: 'an error of its own in place of the one of the server',
    kind: 'dynamic',
    up: `try { await sql\`create table t ()\`.execute(db) } catch { throw new Error('no table') }`,
  },
  {
    style: 'a clean-up after a failure outside a transaction',
    kind: 'dynamic',
    transaction: false,
    up: 'try { await sql`create index concurrently i on t (id)`.execute(db) } catch (error) { await sql`drop index i`.execute(db); throw error }',
  },
  {
    style: 'an error swallowed behind many statements',
    kind: 'dynamic',
    up: `for (let i = 0; i < 300; i += 1) await sql\`insert into t values (\${i})\`.execute(db)
await sql\`drop table u\`.execute(db).catch(() => {})`,
  },
  { style: 'a query that nobody waits for', kind: 'dynamic', up: 'sql`create table t ()`.execute(db)' },
  {
    style: 'a query that is started for later',
    kind: 'dynamic',
    up: 'setTimeout(() => sql`create table t ()`.execute(db), 0); await sql`create table u ()`.execute(db); for (let i = 0; i < 20; i += 1) await sql`select 1`.execute(db)',
  },
  { style: 'a throw', kind: 'dynamic', up: `throw new Error('not here')` },
  { style: 'a refused builder', kind: 'dynamic', up: 'await db.transaction().execute(async () => {})' },
]
