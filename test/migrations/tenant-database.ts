import { randomBytes } from 'node:crypto'
import { Kysely, PostgresDialect, sql } from 'kysely'
import { type Migration as KyselyMigration, Migrator } from 'kysely/migration'
import { Pool } from 'pg'
import { inject, onTestFinished } from 'vitest'
import { type ApplyOptions, applyMigrations } from '../../src/migrations/apply-migrations.ts'
import { compileMigration } from '../../src/migrations/compile/compile-migration.ts'
import type { CompiledMigration } from '../../src/migrations/compile/compiled-migration.ts'
import { readHistory } from '../../src/migrations/history.ts'
import type { HistoryTables, Migration } from '../../src/migrations/migration.ts'
import { observeOnce } from '../../src/migrations/record/observe-migration.ts'
import { type Client, closeClient, openClient, withClient } from '../../src/postgres/connect.ts'
import { parseConnectionString } from '../../src/postgres/connection-string.ts'
import { quoteIdentifier } from '../../src/postgres/identifiers.ts'

export const TABLES: HistoryTables = {
  table: 'kysely_migration',
  lockTable: 'kysely_migration_lock',
  schema: undefined,
}
export const TIMEOUTS = { lock: 3_000, statement: 30_000, concurrent: 30_000 }

/** How migrations are applied: through Kysely, or as one message of what they sent when they were recorded. */
export const WAYS = ['live', 'replay'] as const

/** Makes an empty database of its own for a test, and drops it afterwards. */
export async function setup(way: (typeof WAYS)[number] = 'live') {
  const server = parseConnectionString(inject('superuserUrl'))
  const name = `m_${randomBytes(6).toString('hex')}`
  const onServer = (sql: string) => withClient(server, { applicationName: 'test' }, (client) => client.query(sql))
  await onServer(`create database ${quoteIdentifier(name)}`)
  onTestFinished(async () => {
    await onServer(`drop database if exists ${quoteIdentifier(name)} with (force)`)
  })
  const connection = { ...server, database: name }

  const connect = async (applicationName = 'test'): Promise<Client> => {
    const client = await openClient(connection, { applicationName })
    onTestFinished(() => closeClient(client))
    return client
  }
  const client = await connect()
  /** Returns the first column of what a query answers. */
  const query = async (sql: string): Promise<unknown[]> => {
    const { rows = [] } = await client.query<unknown[]>({ text: sql, rowMode: 'array' })
    return rows.map(([value]) => value)
  }
  const apply = async (pending: readonly Migration[], options: Partial<ApplyOptions> = {}) =>
    applyMigrations({
      ...(way === 'replay' ? { recorded: await compiledAll(pending) } : {}),
      connection,
      applicationName: 'fleet/rollout/tenant/1',
      expected: [],
      pending,
      tables: TABLES,
      ownerRole: null,
      timeouts: TIMEOUTS,
      ...options,
    })
  const history = (tables = TABLES) => readHistory(client, tables)
  /** Kysely's own Migrator on this database. */
  const migrator = (migrations: readonly Migration[], tables = TABLES) => {
    const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: poolOf(connection) }) })
    onTestFinished(() => db.destroy())
    const byName = Object.fromEntries(migrations.map((it): [string, KyselyMigration] => [it.name, { up: it.up }]))
    return new Migrator({
      db,
      provider: { getMigrations: async () => byName },
      migrationTableName: tables.table,
      migrationLockTableName: tables.lockTable,
      ...(tables.schema === undefined ? {} : { migrationTableSchema: tables.schema }),
    })
  }
  return { connection, connect, client, query, apply, history, migrator }
}

/** Returns a migration as if it had been loaded from a file. */
export function migration(name: string, up: Migration['up'], { transaction = true } = {}): Migration {
  const file = `migrations/${name}.ts`
  return { name, file, path: `/project/${file}`, checksum: '0'.repeat(64), up, down: undefined, transaction, allow: {} }
}

/** Returns a migration that makes a table named after it. */
export function table(name: string): Migration {
  return migration(name, (db) => db.schema.createTable(`t_${name}`).addColumn('id', 'integer').execute())
}

/** Returns an `up` that runs a text of SQL. */
export function run(text: string): Migration['up'] {
  return async (db) => {
    await sql.raw(text).execute(db)
  }
}

export const first = table('0001_a')
export const second = table('0002_b')
export const third = table('0003_c')
export const three = [first, second, third]

export function namesOf(migrations: readonly { readonly name: string }[]): string[] {
  return migrations.map(({ name }) => name)
}

/** What `applyMigrations` answers when it applied these to a fresh database. */
export function applied(...names: string[]) {
  return { kind: 'applied', history: names, applied: names }
}

/** Asks which of those tables are there. */
export const MADE = `select tablename from pg_tables where schemaname = 'public' and tablename like 't\\_%' order by 1`

/** Records a migration in this process, once: those of tests are no files. */
export async function compiled(migration: Migration): Promise<CompiledMigration> {
  const { queries } = await observeOnce(migration, { plugins: [], takeReasons: () => [] })
  return compileMigration(migration, queries)
}

async function compiledAll(migrations: readonly Migration[]): Promise<ReadonlyMap<string, CompiledMigration>> {
  const all = await Promise.all(migrations.map(compiled))
  return new Map(all.map((it) => [it.migration, it]))
}

/** A promise to be awaited on one side and settled on the other. */
export function signal(): { readonly reached: Promise<void>; readonly reach: () => void } {
  let reach = () => {}
  const reached = new Promise<void>((resolve) => {
    reach = resolve
  })
  return { reached, reach }
}

function poolOf(connection: ReturnType<typeof parseConnectionString>): Pool {
  const { host, port, database, user, password } = connection
  const pool = new Pool({ host, port, database, user, password: password?.reveal(), max: 2 })
  pool.on('error', () => {})
  return pool
}
