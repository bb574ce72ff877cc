import type { StoredRestorePoint } from '../catalog/restore-points.ts'
import { FleetError } from '../model/errors.ts'

/**
 * Explains that a tenant was restored to another state than that of the restore point. What was seen is recorded by then.
 * @param states with the history that the tenant has now
 */
export function returnedElsewhere(
  tenantId: string,
  states: {
    readonly restored: Pick<StoredRestorePoint, 'id' | 'history'>
    readonly kept: Pick<StoredRestorePoint, 'id'>
    readonly found: readonly string[]
  },
): FleetError {
  const { restored, kept, found } = states
  const last = (history: readonly string[]) => history.at(-1) ?? 'no migration'
  return new FleetError(
    'RESTORE_FAILED',
    `Tenant "${tenantId}" was restored, but not to the state of ${restored.id}: the last in its history is ${last(found)}, not ${last(restored.history)}.`,
    {
      remedy: `What it was before: fleet restore ${tenantId} --to ${kept.id}. What ${restored.id} holds: fleet restore-point salvage.`,
    },
  )
}
