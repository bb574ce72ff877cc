import { expect } from 'vitest'
import type { ConnectionDescriptor } from '../../src/model/connection.ts'
import { withClient } from '../../src/postgres/connect.ts'
import { quoteIdentifier } from '../../src/postgres/identifiers.ts'
import { createTestDatabase, superuser, uniqueName } from '../support/test-server.ts'
import { migration } from './tenant-database.ts'
import { applyThreeWays, type Recorded } from './three-ways.ts'

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
  drop(): Promise<void>
}

/** Makes a template; the caller drops it. */
export async function makeTemplate(schema: string): Promise<Template> {
  const template = await createTestDatabase()
  await runIn(template.connection, schema)
  return template
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
  const { live, replay, migrator } = await onCopies(template, async (copies) => {
    await Promise.all(copies.map((copy) => runIn(copy, batch.map(({ setup }) => setup).join(';'))))
    return applyThreeWays(copies, [BEFORE, ...batch])
  })
  const titles = batch.map(({ title }) => title).join('\n')
  expect(replay, `by replay, of:\n${titles}`).toEqual(live)
  if (migratorFailsWith === undefined) expect(migrator, `by the Migrator, of:\n${titles}`).toEqual(live)
  else expect(migrator.failure?.sqlstate).toBe(migratorFailsWith)
  const { failure } = live
  if (failure === null) return []
  const at = batch.findIndex(({ migration }) => migration.name === failure.migration)
  if (at < 0) throw new Error(`Stopped before the first migration: ${failure.sqlstate}`)
  if (batch.length === 1) return [{ title: first.title, sqlstate: failure.sqlstate }]
  const behind = await compareThreeWays(template, batch.slice(at + 1))
  return [...(await compareThreeWays(template, batch.slice(at, at + 1))), ...behind]
}

type Copies = readonly [ConnectionDescriptor, ConnectionDescriptor, ConnectionDescriptor]

async function onCopies<T>({ name }: Template, use: (copies: Copies) => Promise<T>): Promise<T> {
  const names = [uniqueName('same'), uniqueName('same'), uniqueName('same')] as const
  try {
    for (const copy of names) {
      await runIn(
        superuser(),
        `create database ${quoteIdentifier(copy)} template ${quoteIdentifier(name)} strategy file_copy`,
      )
    }
    const copies = names.map((database) => ({ ...superuser(), database }))
    return await use(copies as unknown as Copies)
  } finally {
    for (const copy of names) await runIn(superuser(), `drop database if exists ${quoteIdentifier(copy)} with (force)`)
  }
}

async function runIn(connection: ConnectionDescriptor, sql: string): Promise<void> {
  await withClient(connection, { applicationName: 'test' }, (client) => client.query(sql))
}
