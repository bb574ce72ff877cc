import type { WayBackFacts } from '../catalog/undo.ts'
import type { StrandedReason } from '../model/rollout.ts'
import { isSameHistory } from '../model/tenant.ts'

/** How a tenant returns to what it had before a rollout, by its restore point. */
export type WayToPoint =
  | { readonly kind: 'nothing-to-do' }
  | { readonly kind: 'restore'; readonly to: string }
  | { readonly kind: 'none'; readonly why: StrandedReason }

/** A tenant as it is when it is its turn. */
export interface TenantNow {
  readonly history: readonly string[]
  /** The restore point to which a restore that was interrupted is on its way. */
  readonly unfinished: string | undefined
}

/** Decides how a tenant returns to what it had, by the restore point that the rollout took of it. */
export function wayToPoint(
  { from, stoppedInside, point }: WayBackFacts,
  { history, unfinished }: TenantNow,
): WayToPoint {
  // Whatever the catalog says of its history: the databases may have been exchanged already.
  if (unfinished !== undefined) return { kind: 'restore', to: unfinished }
  const isChanged = !isSameHistory(history, from) || (stoppedInside && point?.state !== 'restored')
  if (!isChanged) return { kind: 'nothing-to-do' }
  if (point === undefined) return { kind: 'none', why: 'no-restore-point' }
  if (point.state !== 'ready') return { kind: 'none', why: 'restore-point-used' }
  if (point.expired) return { kind: 'none', why: 'restore-point-expired' }
  return { kind: 'restore', to: point.id }
}
