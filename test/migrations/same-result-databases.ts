import { expect } from 'vitest'
import type { ConnectionDescriptor } from '../../src/model/connection.ts'
import { withClient } from '../../src/postgres/connect.ts'
import { quoteIdentifier } from '../../src/postgres/identifiers.ts'
import { createTestDatabase, superuser, uniqueName } from '../support/test-server.ts'
import { migration } from './tenant-database.ts'
import { applyThreeWays, type Recorded, WAYS } from './three-ways.ts'

/** A migration that is to leave the same in whatever way it is applied. */
export interface Subject extends Recorded {
  readonly title: string
  /** SQL that is run before, in each database. */
  readonly setup: string
}

/** Where the first migration fails, Kysely's Migrator leaves its empty tables, and ours leave nothing: that is known. */
const BEFORE: Recorded = {
  migration: migration('0000', async () => {}),
  compiled: { migration: '0000', statements: [], checksum: '' },
}

/** A subject that could not be applied. */
export interface Refusal {
  readonly title: string
  readonly sqlstate: string | null
}

/** A database that each comparison begins with three copies of. */
export interface Template {
  readonly name: string
  /** Major version of its server. */
  readonly version: number
  drop(): Promise<void>
}

/** Makes a template; the caller drops it. */
export async function makeTemplate(schema: string): Promise<Template> {
  const { name, connection, drop } = await createTestDatabase()
  await runIn(connection, schema)
  return { name, version: await serverVersion(), drop }
}

/** Returns the major version of the server under test. */
export async function serverVersion(): Promise<number> {
  return withClient(superuser(), { applicationName: 'test' }, async (client) => {
    const { rows } = await client.query<{ version: string }>(`select current_setting('server_version_num') as version`)
    return Math.floor(Number(rows[0]?.version) / 10_000)
  })
}

/**
 * Applies a batch in three ways and expects the same of all. What is behind a migration that failed is compared again,
 * and so is the failed one, alone: another one may have been in its way.
 * @param migratorFailsWith set where Kysely's Migrator cannot apply it, and ours can: the SQLSTATE that it stops with
 * @returns those that fail alone, all in the same way
 */
export async function compareThreeWays(
  template: Template,
  batch: readonly Subject[],
  { migratorFailsWith }: { readonly migratorFailsWith?: string | undefined } = {},
): Promise<readonly Refusal[]> {
  const [first] = batch
  if (first === undefined) return []
  const setup = batch.flatMap((it) => (it.setup === '' ? [] : it.setup)).join(';')
  const [live, replay, migrator] = await onCopies(template, async (copies) => {
    if (setup !== '') await Promise.all(copies.map((copy) => runIn(copy, setup)))
    return applyThreeWays(copies, [BEFORE, ...batch])
  })
  const titles = batch.map(({ title }) => title).join('\n')
  expect(replay, `by replay, of:\n${titles}`).toEqual(live)
  if (migratorFailsWith === undefined) expect(migrator, `by the Migrator, of:\n${titles}`).toEqual(live)
  else expect(migrator?.failure?.sqlstate).toBe(migratorFailsWith)
  const failure = live?.failure ?? null
  if (failure === null) return []
  const at = batch.findIndex(({ migration }) => migration.name === failure.migration)
  if (at < 0) throw new Error(`Stopped before the first migration: ${failure.sqlstate}`)
  if (batch.length === 1) return [{ title: first.title, sqlstate: failure.sqlstate }]
  const behind = await compareThreeWays(template, batch.slice(at + 1))
  return [...(await compareThreeWays(template, batch.slice(at, at + 1))), ...behind]
}

async function onCopies<T>(
  { name, version }: Template,
  use: (copies: readonly ConnectionDescriptor[]) => Promise<T>,
): Promise<T> {
  const names = WAYS.map(() => uniqueName('same'))
  const strategy = version >= 15 ? ' strategy file_copy' : ''
  try {
    await inAll(names, (copy) => `create database ${copy} template ${quoteIdentifier(name)}${strategy}`)
    return await use(names.map((database) => ({ ...superuser(), database })))
  } finally {
    await inAll(names, (copy) => `drop database if exists ${copy} with (force)`)
  }
}

/** Side by side: they wait for the same checkpoints. */
async function inAll(names: readonly string[], sqlOf: (name: string) => string): Promise<void> {
  const ended = await Promise.allSettled(names.map((name) => runIn(superuser(), sqlOf(quoteIdentifier(name)))))
  for (const it of ended) if (it.status === 'rejected') throw it.reason
}

async function runIn(connection: ConnectionDescriptor, sql: string): Promise<void> {
  await withClient(connection, { applicationName: 'test' }, (client) => client.query(sql))
}
