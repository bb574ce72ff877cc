import type { StoredRestorePoint } from '../catalog/restore-points.ts'
import type { Loss } from '../model/restore-point.ts'
import type { Placement } from '../model/tenant.ts'
import type { Client } from '../postgres/connect.ts'
import { countLoss, doubtfulTables } from './count-loss.ts'
import type { RestoreContext } from './create-restore-point.ts'
import { exactLoss } from './exact-loss.ts'
import type { ReadAhead } from './read-ahead.ts'
import { readWriteCounters } from './read-write-counters.ts'

export interface JudgeOptions {
  readonly point: StoredRestorePoint
  readonly placement: Placement
  /** Undefined: the restore point could not be read. */
  readonly ahead: ReadAhead | undefined
}

/**
 * Says what a restore would lose of a tenant that nobody else is in: by the server's statistics, and where they cannot rule
 * out that something was written, by the rows themselves.
 * @returns the best answer, and what the statistics say
 */
export async function judgeLoss(
  tenant: Client,
  { point, placement, ahead }: JudgeOptions,
  { tables: history, clock }: Pick<RestoreContext, 'tables' | 'clock'>,
): Promise<{ readonly loss: Loss; readonly counted: Loss }> {
  const now = await readWriteCounters(tenant, history)
  const counted = countLoss(point.counters, now)
  if (counted.kind === 'none' || ahead === undefined) return { loss: counted, counted }
  const doubtful = doubtfulTables(point.counters, now)
  const loss = await exactLoss(tenant, { ahead, doubtful, role: placement.ownerRole, history, clock })
  return { loss: loss ?? counted, counted }
}
