import { randomBytes } from 'node:crypto'
import type { FleetConfig } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import { applyMigrations } from '../migrations/apply-migrations.ts'
import type { Migration } from '../migrations/migration.ts'
import { FleetError } from '../model/errors.ts'
import { withClient } from '../postgres/connect.ts'
import { quoteIdentifier } from '../postgres/identifiers.ts'
import { openProvider } from '../providers/open-provider.ts'
import type { ScratchDatabase } from '../provisioning/scratch-database.ts'

export interface EmbeddedScratchOptions {
  /** Where `.fleet/` is, or will be. */
  readonly root: string
  readonly clock: Clock
  readonly config: Pick<FleetConfig, 'migrations' | 'rollout' | 'extensions'>
  /** Applied first. */
  readonly migrations: readonly Migration[]
}

/**
 * Lends an empty database of the project's embedded server with these migrations, and drops it, whatever happened.
 * @throws FleetError EMBEDDED_UNAVAILABLE, MIGRATION_FAILED, and what `use` throws
 */
export async function withEmbeddedScratch<T>(
  { root, clock, config, migrations }: EmbeddedScratchOptions,
  use: (scratch: ScratchDatabase) => Promise<T>,
): Promise<T> {
  const provider = await openProvider({ kind: 'embedded' }, { root, clock })
  const [server = ''] = provider.servers
  const at = (database: string) => provider.connect({ server, database, oid: null, ownerRole: null, loginRole: null })
  const database = `fleet_scratch_${randomBytes(6).toString('hex')}`
  const asAdmin = async (statement: string) =>
    withClient(await at('postgres'), { applicationName: 'fleet/scratch' }, (client) => client.query(statement))
  try {
    await asAdmin(`create database ${quoteIdentifier(database)}`)
    const connection = await at(database)
    await withClient(connection, { applicationName: 'fleet/scratch' }, async (client) => {
      for (const extension of config.extensions)
        await client.query(`create extension if not exists ${quoteIdentifier(extension)} cascade`)
    })
    await bringTo(connection, migrations, config)
    return await use({ connection, ownerRole: null })
  } finally {
    await asAdmin(`drop database if exists ${quoteIdentifier(database)} with (force)`).catch(() => {})
    await provider.close()
  }
}

async function bringTo(
  connection: ScratchDatabase['connection'],
  pending: readonly Migration[],
  { migrations, rollout }: EmbeddedScratchOptions['config'],
): Promise<void> {
  if (pending.length === 0) return
  const outcome = await applyMigrations({
    connection,
    applicationName: 'fleet/scratch',
    expected: [],
    pending,
    tables: migrations,
    plugins: migrations.plugins,
    ownerRole: null,
    timeouts: { lock: rollout.lockTimeout, statement: rollout.statementTimeout, concurrent: rollout.concurrentTimeout },
  })
  if (outcome.kind === 'applied') return
  throw new FleetError('MIGRATION_FAILED', `${outcome.migration} failed on a scratch database: ${outcome.message}.`)
}
