import type { RestorePoint } from '../model/restore-point.ts'

/** What of a restore point says whether a tenant returns to it without being told to. */
export type Candidate = Pick<RestorePoint, 'id' | 'state' | 'reason'> & { readonly expired: boolean }

/** Where a tenant returns to that nobody has said it of. */
export type Choice<T> =
  | { readonly kind: 'point'; readonly point: T }
  /** The tenant has returned since: what was kept then or, where that is lost, what it returned to. */
  | { readonly kind: 'returned'; readonly point: T }
  /** A newer one is no more. */
  | { readonly kind: 'expired'; readonly point: T }
  /** There is none at all. */
  | { readonly kind: 'none' }

/**
 * Chooses what a tenant returns to when nobody says it: what a restore that has not come to its end is on its way to, or the newest
 * that was made. Whoever believes that to be another one than it is would lose what came after: so not where the tenant has returned
 * since, nor in place of a newer one. What a restore has kept is never chosen: it is what the tenant was returned from.
 * @param points of the tenant in whatever state, the newest first
 * @param unfinished what that restore is on its way to
 */
export function chooseRestorePoint<T extends Candidate>(
  points: readonly T[],
  unfinished: string | undefined,
): Choice<T> {
  const begun = points.find(({ id }) => id === unfinished)
  if (begun !== undefined) return { kind: 'point', point: begun }
  // Those that are being made, or never were, say nothing of the tenant.
  const point = points.find(({ state }) => state !== 'creating' && state !== 'failed')
  if (point === undefined || !points.some(isUsable)) return { kind: 'none' }
  if (point.reason === 'restore' || point.state === 'restored') return { kind: 'returned', point }
  return { kind: isUsable(point) ? 'point' : 'expired', point }
}

/** Says whether a tenant can return to it. */
export function isUsable({ state, expired }: Pick<Candidate, 'state' | 'expired'>): boolean {
  return state === 'ready' && !expired
}
