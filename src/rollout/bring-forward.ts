import type { KyselyPlugin } from 'kysely'
import type { ClaimedRun } from '../catalog/tenant-runs.ts'
import type { Task } from '../engine/engine.ts'
import { failpoint } from '../lib/failpoint.ts'
import { type ApplyOptions, type ApplyOutcome, applyMigrations } from '../migrations/apply-migrations.ts'
import type { CompiledMigration } from '../migrations/compile/compiled-migration.ts'
import type { Migration } from '../migrations/migration.ts'
import type { ConnectionDescriptor } from '../model/connection.ts'
import type { RolloutPolicy } from '../model/rollout.ts'
import type { Placement } from '../model/tenant.ts'
import { attemptName } from './attempt-name.ts'
import type { BringHooks } from './migrate-tenant.ts'
import { outcomeOfRefusal } from './outcome-of-refusal.ts'

export interface BringForwardOptions {
  readonly connect: (tenantId: string, placement: Placement) => Promise<ConnectionDescriptor>
  /** What a tenant with this history lacks, in order. */
  readonly pendingFor: (history: readonly string[]) => readonly Migration[]
  /** Takes a restore point of the tenant, if these migrations ask for one; nothing is sent before it is there. */
  readonly takeRestorePoint: (run: ClaimedRun, pending: readonly Migration[]) => Promise<void>
  /** What may be sent as recorded, by name. */
  readonly recorded: ReadonlyMap<string, CompiledMigration>
  readonly apply?: (options: ApplyOptions) => Promise<ApplyOutcome>
  readonly tables: ApplyOptions['tables']
  readonly plugins: readonly KyselyPlugin[]
  readonly policy: RolloutPolicy
  /** Told of a backend of ours in a tenant, so that it can be ended at once; returns how to forget it. */
  readonly onBackend: (to: ConnectionDescriptor, pid: number) => () => void
}

/** Applies what a tenant lacks, after the restore point that it needs; never throws. */
export async function bringForward(
  task: Task,
  run: ClaimedRun,
  { onSent, onClosing }: BringHooks,
  options: BringForwardOptions,
): Promise<ApplyOutcome> {
  const { tables, plugins, policy, recorded } = options
  let forget: (() => void) | undefined
  try {
    const pending = options.pendingFor(run.history)
    if (pending.length === 0) return { kind: 'applied', history: run.history, applied: [] }
    await options.takeRestorePoint(run, pending)
    failpoint('run.restore-point-taken')
    const connection = await options.connect(run.tenantId, run.placement)
    return await (options.apply ?? applyMigrations)({
      connection,
      applicationName: attemptName(task.rolloutId, run),
      expected: run.history,
      pending,
      recorded: new Map([...recorded].filter(([name]) => !task.live.includes(name))),
      onSent,
      onClosing,
      plugins,
      transactionMode: policy.transactionMode,
      tables,
      ownerRole: run.placement.ownerRole,
      timeouts: { lock: policy.lockTimeout, statement: policy.statementTimeout, concurrent: policy.concurrentTimeout },
      onConnected: ({ pid }) => {
        forget = options.onBackend(connection, pid)
        failpoint('run.connected')
      },
    })
  } catch (error) {
    return outcomeOfRefusal(error)
  } finally {
    forget?.()
  }
}
