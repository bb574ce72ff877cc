import { join } from 'node:path'
import type { RolloutRow } from '../catalog/rollouts.ts'
import { readWayBack } from '../catalog/undo.ts'
import type { CompiledMigration } from '../migrations/compile/compiled-migration.ts'
import type { Migration } from '../migrations/migration.ts'
import { pendingMigrations } from '../migrations/pending-migrations.ts'
import { FleetError } from '../model/errors.ts'
import type { RolloutPlan } from '../model/rollout.ts'
import { bringBack } from './bring-back.ts'
import { type BringForwardOptions, bringForward } from './bring-forward.ts'
import type { DriveContext } from './drive-rollout.ts'
import type { EventBody, MigrateTenantOptions } from './migrate-tenant.ts'
import { needsRestorePoint } from './needs-restore-point.ts'
import { finishPuttingBack, putBack } from './put-back.ts'
import { takeBackByDown } from './take-back-by-down.ts'

/** Returns how this rollout brings a tenant to where it wants it, and what becomes of one that failed. */
export function waysOfRollout(
  { id, plan, undoes }: RolloutRow,
  recorded: ReadonlyMap<string, CompiledMigration>,
  emit: (event: EventBody) => void,
  context: DriveContext,
): Pick<MigrateTenantOptions, 'bring' | 'onFailed'> {
  const { db } = context
  const salvageFolder = (tenantId: string) =>
    plan.undo?.salvage == null ? undefined : join(plan.undo.salvage, tenantId)
  const finishSalvage = async (tenantId: string) => {
    const directory = salvageFolder(tenantId)
    if (directory !== undefined) await context.finishSalvage(tenantId, { rolloutId: id, directory })
  }
  const restore = async (tenantId: string, to: string) => {
    const { acceptDataLoss = false } = plan.undo ?? {}
    const options = { to, rolloutId: id, acceptDataLoss, salvage: salvageFolder(tenantId) }
    const { history, kept, endpointChanged } = await context.restore(tenantId, options)
    emit({ type: 'tenant.restored', tenantId, restorePoint: to, kept, endpointChanged })
    return history
  }
  if (undoes !== null)
    return {
      bring: (task, run, { onClosing }) =>
        bringBack(run, {
          db,
          undoes,
          restore,
          byDown: plan.undo?.down?.routes ?? [],
          takeBack: (migrations) =>
            takeBackByDown(migrations, task, run, { ...context, onClosing, recorded, policy: plan.policy }),
          finishSalvage,
        }),
      onFailed: async (_run, failure) => failure,
    }
  const options: BringForwardOptions = {
    ...context,
    policy: plan.policy,
    recorded,
    pendingFor: pendingIn(plan, context),
    takeRestorePoint: async ({ tenantId, placement, history }, pending) => {
      const names = pending.map(({ name }) => name)
      const needed = needsRestorePoint(plan, names)
      if (needed === 'none') return
      const tenant = { id: tenantId, placement, history, proven: needed === 'proven' }
      const restorePoint = await context.takeRestorePoint(id, tenant)
      emit({ type: 'tenant.restore-point', tenantId, restorePoint })
    },
  }
  return {
    bring: async (task, run, hooks) =>
      (await finishPuttingBack(run, { db, waves: plan.waves, restore })) ?? bringForward(task, run, hooks, options),
    onFailed: (run, failure) =>
      putBack(run, failure, {
        plan,
        readWayBack: (tenantId) => readWayBack(db, { rolloutId: id, tenantId }),
        restore,
      }),
  }
}

/** The plan says what each starting history gets; a joiner, or a tenant that stopped half-way, is worked out alike. */
function pendingIn(
  plan: RolloutPlan,
  { migrations, allowUnordered }: DriveContext,
): (history: readonly string[]) => readonly Migration[] {
  const byName = new Map(migrations.map((it) => [it.name, it]))
  const available = migrations.map((it) => it.name)
  return (history) => {
    const pending = pendingMigrations({ available, history, to: plan.target, allowUnordered })
    if (pending.kind === 'pending') return pending.migrations.flatMap((name) => byName.get(name) ?? [])
    const what =
      pending.kind === 'missing'
        ? `no file for ${pending.migrations.join(', ')}`
        : `${pending.found} sorts before ${pending.expected}`
    throw new FleetError('MIGRATIONS_DIFFER', `Its history does not fit the migrations: ${what}.`)
  }
}
