import type { ClaimedRun } from '../catalog/tenant-runs.ts'
import type { Task } from '../engine/engine.ts'
import { failpoint } from '../lib/failpoint.ts'
import type { ApplyOutcome } from '../migrations/apply-outcome.ts'
import type { CompiledMigration } from '../migrations/compile/compiled-migration.ts'
import { reverseMigration } from '../migrations/reverse-migration.ts'
import { takeBackMigrations } from '../migrations/take-back-migrations.ts'
import { FleetError } from '../model/errors.ts'
import type { RolloutPolicy } from '../model/rollout.ts'
import { attemptName } from './attempt-name.ts'
import type { DriveContext } from './drive-rollout.ts'
import type { BringHooks } from './migrate-tenant.ts'
import { outcomeOfRefusal } from './outcome-of-refusal.ts'

export interface TakeBackByDownOptions
  extends Pick<DriveContext, 'connect' | 'migrations' | 'tables' | 'onBackend'>,
    Pick<BringHooks, 'onClosing'> {
  /** What each `down` sends, by name. */
  readonly recorded: ReadonlyMap<string, CompiledMigration>
  readonly policy: RolloutPolicy
}

/** Takes migrations of a tenant back by their `down`, in this order; never throws. */
export async function takeBackByDown(
  names: readonly string[],
  task: Task,
  run: ClaimedRun,
  { connect, migrations, tables, onBackend, onClosing, recorded, policy }: TakeBackByDownOptions,
): Promise<ApplyOutcome> {
  let forget: (() => void) | undefined
  try {
    const connection = await connect(run.tenantId, run.placement)
    return await takeBackMigrations({
      connection,
      applicationName: attemptName(task.rolloutId, run),
      expected: run.history,
      migrations: names.map((name) => {
        const file = migrations.find((it) => it.name === name)
        const [migration, compiled] = [file && reverseMigration(file), recorded.get(name)]
        if (migration !== undefined && compiled !== undefined) return { migration, compiled }
        throw new FleetError('PLAN_CHANGED', `There is no \`down\` of ${name} as it was planned.`)
      }),
      onClosing,
      tables,
      ownerRole: run.placement.ownerRole,
      timeouts: { lock: policy.lockTimeout, statement: policy.statementTimeout, concurrent: policy.concurrentTimeout },
      onConnected: ({ pid }) => {
        forget = onBackend(connection, pid)
        failpoint('run.connected')
      },
    })
  } catch (error) {
    return outcomeOfRefusal(error)
  } finally {
    forget?.()
  }
}
