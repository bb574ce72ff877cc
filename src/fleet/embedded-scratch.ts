import { createHash } from 'node:crypto'
import type { FleetConfig } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import { applyMigrations } from '../migrations/apply-migrations.ts'
import type { Migration } from '../migrations/migration.ts'
import { FleetError } from '../model/errors.ts'
import { openProvider } from '../providers/open-provider.ts'
import { type ScratchDatabase, withClone } from '../provisioning/scratch-database.ts'
import { timeoutsOf } from './parts.ts'

export interface EmbeddedScratchOptions {
  /** Where `.fleet/` is, or will be. */
  readonly root: string
  readonly clock: Clock
  readonly config: Pick<FleetConfig, 'migrations' | 'rollout' | 'extensions'>
  /** Applied first. */
  readonly migrations: readonly Migration[]
}

/** In the marks of what belongs to no fleet; no catalog has such an id. */
const NOBODY = { fleet: 'lint', catalogId: 'none' }

/**
 * Lends an empty database of the project's embedded server with these migrations, as admin, and drops it, whatever happened.
 * @throws FleetError EMBEDDED_UNAVAILABLE, MIGRATION_FAILED, and what `use` throws
 */
export async function withEmbeddedScratch<T>(
  { root, clock, config, migrations }: EmbeddedScratchOptions,
  use: (scratch: ScratchDatabase) => Promise<T>,
): Promise<T> {
  const { extensions } = config
  const provider = await openProvider({ kind: 'embedded' }, { root, clock })
  try {
    const [server = ''] = provider.servers
    const key = createHash('sha256').update(JSON.stringify(extensions)).digest('hex').slice(0, 8)
    const mark = { ...NOBODY, kind: 'template', key } as const
    const empty = await provider.ensureTemplate({ server, mark, extensions }, async () => {})
    return await withClone(empty, { ...NOBODY, provider, clock }, async ({ connection }) => {
      await bringTo(connection, migrations, config)
      return use({ connection, ownerRole: null })
    })
  } finally {
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
    timeouts: timeoutsOf(rollout),
  })
  if (outcome.kind === 'applied') return
  throw new FleetError('MIGRATION_FAILED', `${outcome.migration} failed on a scratch database: ${outcome.message}.`)
}
