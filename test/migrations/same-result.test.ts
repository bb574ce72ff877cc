import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compileMigration } from '../../src/migrations/compile/compile-migration.ts'
import { loadMigration } from '../../src/migrations/load-migrations.ts'
import { recordMigrations } from '../../src/migrations/record/record-migrations.ts'
import { FleetError } from '../../src/model/errors.ts'
import { migrationFiles, setupOf, source } from './record/migration-files.ts'
import { STATIC_STYLES } from './record/static-styles.ts'
import { CASE_DATA, CASE_ROWS, CASE_SCHEMA } from './risk/case-schema.ts'
import type { RiskCase } from './risk/cases/risk-case.ts'
import { CASES } from './risk/cases.ts'
import { packBatches } from './same-result-batches.ts'
import { compareThreeWays, makeTemplate, type Subject, serverVersion, type Template } from './same-result-databases.ts'
import { compiled, migration, run } from './tenant-database.ts'

const RISK_SUBJECTS = await Promise.all(CASES.map(subjectOf))

/** Where Kysely's own Migrator cannot apply a case, and what it stops with. */
const NOT_BY_THE_MIGRATOR: Readonly<Record<string, string>> = {
  // It writes its history wherever the search_path leads when the migration has ended.
  'set local search_path = archive; alter table old_orders alter column id type bigint': '42P01',
  'set local search_path = archive; alter table old_orders drop column total': '42P01',
}

const TABLES_OF_CASES = new Set([...CASE_SCHEMA.matchAll(/create table (\w+)/g)].map(([, name = '']) => name))

/** The rows with which the truth about the cases is measured, but few of them. */
const FEW_ROWS = CASE_DATA.replaceAll(String(CASE_ROWS * 3), '21').replaceAll(String(CASE_ROWS), '7')

/** The cases are written for it. */
const isNew = (await serverVersion()) >= 18

describe
  .skipIf(!isNew)
  .concurrent('a migration of SQL leaves the same live, by replay, and by the Migrator of Kysely', () => {
    let template: Template
    beforeAll(async () => {
      template = await makeTemplate(`${CASE_SCHEMA};${FEW_ROWS}`)
    })
    afterAll(() => template.drop())

    const [apart, together] = [true, false].map((is) =>
      RISK_SUBJECTS.filter(({ title }) => title in NOT_BY_THE_MIGRATOR === is),
    )
    const batches = packBatches(together ?? [], ({ title, setup }) => `${setup};${title}`, TABLES_OF_CASES)

    test.each(batches.map((batch) => ({ title: batch[0]?.title, more: batch.length - 1, batch })))(
      '$title, and $more more',
      async ({ batch }) => {
        expect(await compareThreeWays(template, batch)).toEqual([])
      },
    )

    test.each(REFUSED)('what is refused with $sqlstate: $sql', async ({ sql, sqlstate }) => {
      const subject = await subjectOf({ sql }, 0)
      expect(await compareThreeWays(template, [subject])).toEqual([{ title: subject.title, sqlstate }])
    })

    test.each(apart ?? [])('but for what the Migrator cannot do: $title', async (subject) => {
      const migratorFailsWith = NOT_BY_THE_MIGRATOR[subject.title]
      expect(await compareThreeWays(template, [subject], { migratorFailsWith })).toEqual([])
    })
  })

/** Migrations that the server refuses, each in another way; nothing of them stays but what sequences gave away. */
const REFUSED: readonly { readonly sql: readonly string[]; readonly sqlstate: string }[] = [
  { sql: ['create table a (id int)', 'insert into a values (1 / 0)'], sqlstate: '22012' },
  { sql: ['insert into u select id, name, email from u'], sqlstate: '23505' },
  { sql: ['insert into log (body) select name from u', 'select no_such_column from log'], sqlstate: '42703' },
  { sql: ['drop table nowhere'], sqlstate: '42P01' },
  { sql: ['drop type mood'], sqlstate: '2BP01' },
  { sql: ['alter table t add column n int'], sqlstate: '42701' },
  { sql: ['create table a (id int)', `do $$ begin raise 'no' using errcode = 'XX777'; end $$`], sqlstate: 'XX777' },
  { sql: ['alter table u add column x int not null'], sqlstate: '23502' },
  { sql: ['alter table t add check (n < 3)'], sqlstate: '23514' },
  { sql: ['create index concurrently fresh on t (free)'], sqlstate: '25001' },
  { sql: ['create table a (id int)', 'vacuum a'], sqlstate: '25001' },
  { sql: [`alter type mood add value 'great'`, `update t set m = 'great'`], sqlstate: '55P04' },
  { sql: ['set role nobody_at_all'], sqlstate: '22023' },
  {
    sql: ['create table a (id bigint references u deferrable initially deferred)', 'insert into a values (0)'],
    sqlstate: '23503',
  },
]

/** What the styles are about, where they do not make it themselves. */
const STYLE_SCHEMA = `
create schema app;
create table t (id int, name text, c int, at timestamptz default now(), a int, b int);
create table s (id int);
create table a (id int);
create table b (id int);
create table users (id int, "isAdmin" boolean);
create table user_roles (role_name text);
insert into t (id, name, a, b) values (1, null, 0, 2), (5, 'e', 0, 0), (9, 'i', 0, 0);
insert into users values (4), (6);
insert into s values (5)`

const STYLE_SETUPS: readonly { readonly of: RegExp; readonly setup: string }[] = [
  { of: /createTable\('t'\)\.as/, setup: 'drop table t' },
  { of: /create table t\b|createTable\(/, setup: 'drop table t, a, b, users cascade' },
  { of: /onConflict/, setup: 'truncate t; insert into t (id) values (1); create unique index on t (id)' },
  { of: /Buffer/, setup: 'drop table t; create table t (bytes bytea, list int[], object jsonb, big bigint)' },
]

/** Styles that are never replayed: they are called dynamic, or cannot be compiled. */
const NOT_REPLAYED: readonly string[] = [
  'SQL that the parser does not take',
  'a plugin of the migration itself, over rows that nobody reads',
  'the tables that there are, which nobody reads',
]

test('a migration in any static style leaves the same live, by replay, and by the Migrator of Kysely', async () => {
  const subjects = await styleSubjects()
  const titles = subjects.map(({ title }) => title)
  expect(STATIC_STYLES.map(({ style }) => style).filter((style) => !titles.includes(style))).toEqual(NOT_REPLAYED)

  const template = await makeTemplate(STYLE_SCHEMA)
  const sqlOf = ({ setup, compiled }: Subject) => [setup, ...compiled.statements.map(({ sql }) => sql)].join(';')
  const batches = packBatches(subjects, sqlOf, new Set(['t', 's', 'users']))
  try {
    // Four at a time.
    for (let next = 0; next < batches.length; next += 4) {
      const refused = await Promise.all(batches.slice(next, next + 4).map((batch) => compareThreeWays(template, batch)))
      expect(refused.flat()).toEqual([])
    }
  } finally {
    await template.drop()
  }
})

async function styleSubjects(): Promise<readonly Subject[]> {
  const sources = STATIC_STYLES.map((it, index): [string, string] => [`${numbered(index)}.js`, source(it.up, it)])
  const files = await migrationFiles(Object.fromEntries(sources))
  const migrations = await Promise.all(files.map(loadMigration))
  const recordings = await recordMigrations(migrations, { setup: setupOf('none') })
  return migrations.flatMap((own, index) => {
    const { style: title = '', head = '', up = '' } = STATIC_STYLES[index] ?? {}
    const recording = recordings[index]
    const sent = recording?.kind === 'static' ? attempt(() => compileMigration(own, recording.queries)) : undefined
    const setup = STYLE_SETUPS.find(({ of }) => of.test(head + up))?.setup ?? ''
    return sent === undefined ? [] : { title, setup, migration: own, compiled: sent }
  })
}

function attempt<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch (error) {
    if (error instanceof FleetError) return undefined
    throw error
  }
}

async function subjectOf(it: Pick<RiskCase, 'sql' | 'setup' | 'alone'>, index: number): Promise<Subject> {
  const up = async (db: Parameters<Subject['migration']['up']>[0]) => {
    for (const statement of it.sql) await run(statement)(db)
  }
  const own = migration(numbered(index), up, { transaction: it.alone !== true })
  return { title: it.sql.join('; '), setup: it.setup ?? '', migration: own, compiled: await compiled(own) }
}

function numbered(index: number): string {
  return String(index + 1).padStart(4, '0')
}
