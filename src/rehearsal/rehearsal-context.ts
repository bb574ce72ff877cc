import type { CatalogDb } from '../catalog/catalog-schema.ts'
import type { Clock } from '../lib/clock.ts'
import type { ApplyOptions } from '../migrations/apply-migrations.ts'
import type { CompiledMigration } from '../migrations/compile/compiled-migration.ts'
import type { Migration } from '../migrations/migration.ts'
import type { ConnectionDescriptor } from '../model/connection.ts'
import type { RehearsalEvent } from '../model/events.ts'
import type { Mark } from '../model/mark.ts'
import type { Provider } from '../providers/provider.ts'

/** Where branches are made, and whose they are. */
export interface BranchContext extends Pick<Mark, 'fleet' | 'catalogId'> {
  readonly db: CatalogDb
  readonly provider: Provider
}

/** What the parts of a fleet lend to a rehearsal. */
export interface RehearsalContext
  extends BranchContext,
    Required<Pick<ApplyOptions, 'tables' | 'plugins' | 'timeouts'>> {
  readonly clock: Clock
  /** All files at hand, in order. */
  readonly migrations: readonly Migration[]
  /** What may be sent as recorded, by name. */
  readonly recorded: ReadonlyMap<string, CompiledMigration>
  /** Told of a backend of ours, so that it can be ended at once; returns how to forget it. */
  readonly onBackend: (to: ConnectionDescriptor, pid: number) => () => void
  readonly publish: (event: RehearsalEvent) => void
}

/** Returns what a branch carries. */
export function branchMark(key: string, { fleet, catalogId }: Pick<BranchContext, 'fleet' | 'catalogId'>): Mark {
  return { fleet, catalogId, kind: 'rehearsal', key }
}
