// biome-ignore-all lint/suspicious/noTemplateCurlyInString: source of migrations
import type { Style } from './styles.ts'

/** Migrations that send the same to every tenant. */
export const STATIC_STYLES: readonly Style[] = [
  // What is always the same.
  { style: 'nothing at all', kind: 'static', up: '' },
  {
    style: 'a table by the schema builder',
    kind: 'static',
    up: `await db.schema.createTable('users').addColumn('id', 'integer', (c) => c.primaryKey()).addColumn('isAdmin', 'boolean', (c) => c.defaultTo(false)).execute()`,
  },
  {
    style: 'several alterations',
    kind: 'static',
    up: `await db.schema.alterTable('users').addColumn('name', 'text').execute()
await db.schema.alterTable('users').renameColumn('name', 'full_name').execute()
await db.schema.createIndex('users_name').on('users').column('full_name').execute()`,
  },
  {
    style: 'a view by the builder',
    kind: 'static',
    up: `await db.schema.createView('v').orReplace().as(db.selectFrom('users').select('id')).execute()`,
  },
  {
    style: 'a table from a query',
    kind: 'static',
    up: `await db.schema.createTable('t').as(db.selectFrom('users').selectAll().where('id', '>', 5)).execute()`,
  },
  { style: 'a template of SQL', kind: 'static', up: 'await sql`create table t (id int)`.execute(db)' },
  {
    style: 'a template with parameters',
    kind: 'static',
    up: `await sql\`insert into t values (\${1}, \${'x'}, \${null}, \${new Date(0)})\`.execute(db)`,
  },
  { style: 'raw SQL', kind: 'static', up: `await sql.raw('create table t (id int)').execute(db)` },
  {
    style: 'several statements in raw SQL',
    kind: 'static',
    up: `await sql.raw('create table t (id int); create index on t (id); insert into t values (1)').execute(db)`,
  },
  {
    style: 'several statements whose rows are read: there are none',
    kind: 'static',
    up: `const { rows } = await sql.raw('select 1; select 2').execute(db)
for (const row of rows) await sql\`insert into t values (\${row.id})\`.execute(db)`,
  },
  {
    style: 'SQL that the parser does not take',
    kind: 'static',
    up: `await sql.raw('create tabel t (id int)').execute(db)`,
  },
  {
    style: 'an insert',
    kind: 'static',
    up: `await db.insertInto('t').values([{ id: 1, name: 'a' }, { id: 2, name: 'b' }]).execute()`,
  },
  {
    style: 'an insert with an ignored result',
    kind: 'static',
    up: `const result = await db.insertInto('t').values({ id: 1 }).executeTakeFirst()
void result`,
  },
  {
    style: 'an insert with ignored RETURNING',
    kind: 'static',
    up: `await db.insertInto('t').values({ id: 1 }).returning('id').execute()`,
  },
  {
    style: 'an insert with ignored RETURNING of one row',
    kind: 'static',
    up: `await db.insertInto('t').values({ id: 1 }).returningAll().executeTakeFirst()`,
  },
  {
    style: 'an insert from a query',
    kind: 'static',
    up: `await db.insertInto('t').columns(['id']).expression(db.selectFrom('users').select('id')).execute()`,
  },
  {
    style: 'an upsert',
    kind: 'static',
    up: `await db.insertInto('t').values({ id: 1 }).onConflict((c) => c.column('id').doUpdateSet({ id: 2 })).execute()`,
  },
  {
    style: 'an update',
    kind: 'static',
    up: `await db.updateTable('t').set({ name: 'x' }).where('name', 'is', null).execute()`,
  },
  {
    style: 'an update with an ignored count',
    kind: 'static',
    up: `await db.updateTable('t').set({ name: 'x' }).executeTakeFirstOrThrow()`,
  },
  { style: 'a delete', kind: 'static', up: `await db.deleteFrom('t').where('id', '=', 5).execute()` },
  {
    style: 'a merge',
    kind: 'static',
    up: `await db.mergeInto('t').using('s', 's.id', 't.id').whenMatched().thenDelete().execute()`,
  },
  {
    style: 'a query whose rows are ignored',
    kind: 'static',
    up: `await db.selectFrom('t').selectAll().execute()`,
  },
  {
    style: 'a query whose first row is ignored',
    kind: 'static',
    up: `const row = await db.selectFrom('t').selectAll().executeTakeFirst()
void row`,
  },
  {
    style: 'a schema named by withSchema',
    kind: 'static',
    up: `await db.withSchema('app').schema.createTable('t').addColumn('id', 'integer').execute()`,
  },
  {
    style: 'statements side by side',
    kind: 'static',
    up: `await Promise.all(['a', 'b', 'c'].map((name) => db.schema.createTable(name).addColumn('id', 'integer').execute()))`,
  },
  {
    style: 'a loop over constants',
    kind: 'static',
    up: `for (const name of ['a', 'b']) await db.schema.alterTable(name).addColumn('at', 'timestamptz').execute()`,
  },
  {
    style: 'a compiled query',
    kind: 'static',
    up: `await db.executeQuery(db.insertInto('t').values({ id: 1 }).compile())`,
  },
  {
    style: 'an error that is passed on',
    kind: 'static',
    up: `try { await db.schema.dropTable('t').execute() } catch (error) { throw error }`,
  },
  {
    style: 'a finally',
    kind: 'static',
    up: `try { await sql\`set local lock_timeout = '1s'\`.execute(db) } finally { void 0 }`,
  },
  {
    style: 'helpers in the file',
    kind: 'static',
    head: `const table = (db, name) => db.schema.createTable(name).addColumn('id', 'integer')`,
    up: `await table(db, 'a').execute(); await table(db, 'b').execute()`,
  },
  {
    style: 'a date that is a constant',
    kind: 'static',
    up: `await db.insertInto('t').values({ at: new Date('2024-02-29T12:00:00Z') }).execute()`,
  },
  {
    style: 'the time of the server',
    kind: 'static',
    up: 'await db.updateTable("t").set({ at: sql`now()` }).execute()',
  },
  {
    style: 'bytes, arrays and objects',
    kind: 'static',
    up: `await sql\`insert into t values (\${Buffer.from('ab')}, \${[1, 2]}, \${{ a: 1 }}, \${10n})\`.execute(db)`,
  },
  {
    style: 'words on the console',
    kind: 'static',
    up: `console.log('making t'); console.error('still'); await sql\`create table t ()\`.execute(db)`,
  },
  {
    style: 'a result on the console',
    kind: 'static',
    up: `console.log(await db.updateTable('t').set({ a: 1 }).execute(), await db.selectFrom('t').selectAll().execute())`,
  },
  {
    style: 'the environment of Node',
    kind: 'static',
    up: `if (process.env.NODE_ENV === 'never') return
await sql\`create table t ()\`.execute(db)`,
  },
  {
    style: 'an anonymous block',
    kind: 'static',
    up: 'await sql`do $$ begin if exists (select from t) then delete from t; end if; end $$`.execute(db)',
  },
  {
    style: 'rows of a statement that has none',
    kind: 'static',
    up: `const { rows } = await sql\`create table t ()\`.execute(db)
if (rows.length > 0) await sql\`drop table t\`.execute(db)`,
  },
  {
    style: 'a step outside a transaction',
    kind: 'static',
    transaction: false,
    up: 'await sql`create index concurrently i on t (id)`.execute(db)',
  },
  {
    style: 'a connection of its own',
    kind: 'static',
    transaction: false,
    up: 'await db.connection().execute(async (one) => { await sql`create index concurrently i on t (id)`.execute(one) })',
  },
  {
    style: 'a transaction of its own',
    kind: 'static',
    transaction: false,
    up: 'await db.transaction().execute(async (trx) => { await sql`create table t ()`.execute(trx) })',
  },
  {
    style: 'two hundred and fifty statements',
    kind: 'static',
    up: 'for (let i = 0; i < 250; i += 1) await sql`insert into t values (${i})`.execute(db)',
  },
  {
    style: 'a transaction that is begun and committed by hand',
    kind: 'static',
    transaction: false,
    up: `const trx = await db.startTransaction().execute()
await sql\`create table t ()\`.execute(trx)
await trx.commit().execute()`,
  },
  {
    style: 'a transaction that is rolled back by hand when it fails',
    kind: 'static',
    transaction: false,
    up: `const trx = await db.startTransaction().execute()
try {
  await sql\`create table t ()\`.execute(trx)
  await trx.commit().execute()
} catch (error) {
  await trx.rollback().execute()
  throw error
}`,
  },
  {
    style: 'a statement in a finally',
    kind: 'static',
    up: 'try { await sql`create table t ()`.execute(db) } finally { await sql`reset role`.execute(db) }',
  },
  {
    style: 'SQL from a file',
    kind: 'static',
    head: `import { readFileSync } from 'node:fs'`,
    up: `await sql.raw('comment on schema public is ' + "'" + JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8')).type + "'").execute(db)`,
  },
  {
    style: 'literals, names and conditions that are constant',
    kind: 'static',
    up: `await sql\`alter table \${sql.table('t')} alter \${sql.ref('c')} set default \${sql.lit(5)}\`.execute(db)
await db.updateTable('t').set({ a: 1 }).$if(true, (it) => it.where('b', '=', 2)).execute()`,
  },
  {
    style: 'a plugin of the migration itself',
    kind: 'static',
    head: `import { CamelCasePlugin } from 'kysely'`,
    up: `await db.withPlugin(new CamelCasePlugin()).insertInto('userRoles').values({ roleName: 'x' }).execute()`,
  },
  {
    style: 'a plugin of the migration itself, over rows that nobody reads',
    kind: 'static',
    head: `import { CamelCasePlugin } from 'kysely'`,
    up: `await db.withPlugin(new CamelCasePlugin()).selectFrom('userRoles').selectAll().execute()`,
  },
  {
    style: 'the tables that there are, which nobody reads',
    kind: 'static',
    up: 'await db.introspection.getTables()',
  },
  {
    style: 'a pause',
    kind: 'static',
    up: 'await new Promise((resolve) => setTimeout(resolve, 1)); await sql`create table t ()`.execute(db)',
  },
]
