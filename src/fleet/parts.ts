import type { EventEmitter } from 'node:events'
import type { Catalog } from '../catalog/open-catalog.ts'
import type { FleetConfig } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import { listMigrationFiles, type MigrationFile } from '../migrations/list-migration-files.ts'
import { loadMigrations } from '../migrations/load-migrations.ts'
import type { Migration, MigrationTimeouts } from '../migrations/migration.ts'
import type { ConnectionDescriptor } from '../model/connection.ts'
import type { FleetEvent } from '../model/events.ts'
import type { Secret } from '../model/secret.ts'
import type { Placement } from '../model/tenant.ts'
import type { Provider } from '../providers/provider.ts'
import type { CreateContext } from '../provisioning/create-tenant.ts'
import { type Recordings, sqlChecksums } from './recordings.ts'

/** What an open fleet is made of. The methods take from it what each use case asks for. */
export interface Parts {
  readonly config: FleetConfig
  readonly provider: Provider
  readonly catalog: Catalog
  readonly clock: Clock
  readonly events: EventEmitter<{ event: [FleetEvent] }>
  readonly backends: Backends
  readonly seal: (clear: string) => string
  readonly unseal: (sealed: string) => string
  /** Password of a tenant's login role or own URL; undefined when none is kept. */
  readonly readPassword: (tenantId: string) => Promise<Secret | undefined>
  readonly connect: (tenantId: string, placement: Placement) => Promise<ConnectionDescriptor>
  readonly files: MigrationFiles
  readonly recordings: Recordings
}

/** The migration files: names without importing them, or loaded. */
export interface MigrationFiles {
  list(): Promise<readonly MigrationFile[]>
  load(): Promise<readonly Migration[]>
}

/** Backends that this process uses in tenants, so that a second Ctrl-C can end them. */
export interface Backends {
  add(to: ConnectionDescriptor, pid: number): () => void
  endAll(): Promise<void>
}

export function migrationFiles({ migrations, root }: FleetConfig): MigrationFiles {
  const folder = { folder: migrations.folder, root }
  return { list: () => listMigrationFiles(folder), load: () => loadMigrations(folder) }
}

/** The limits of the configuration, as migrations are applied with. */
export function timeoutsOf(rollout: FleetConfig['rollout']): MigrationTimeouts {
  return { lock: rollout.lockTimeout, statement: rollout.statementTimeout, concurrent: rollout.concurrentTimeout }
}

/** What creating tenants and building templates needs of the parts. */
export function createContext({
  config,
  catalog,
  provider,
  clock,
  events,
  files,
  recordings,
  seal,
  unseal,
}: Parts): CreateContext {
  const { migrations, rollout } = config
  let loaded: Promise<readonly Migration[]> | undefined
  return {
    db: catalog.db,
    catalogId: catalog.id,
    fleet: config.name,
    provider,
    clock,
    seal,
    unseal,
    placement: config.placement,
    sqlChecksumsOf: sqlChecksums(recordings, files.load),
    recordingsOf: recordings.compiled,
    allowUnordered: migrations.allowUnordered,
    extensions: config.extensions,
    seed: config.seed,
    tables: migrations,
    plugins: migrations.plugins,
    timeouts: timeoutsOf(rollout),
    // Once for all tenants of a call: they are to be alike, and importing files takes longer than cloning a template.
    migrations: () => {
      loaded ??= files.load()
      return loaded
    },
    publish: (event) => events.emit('event', event),
  }
}
