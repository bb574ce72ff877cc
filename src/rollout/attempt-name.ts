import type { ClaimedRun } from '../catalog/tenant-runs.ts'

/** Returns the `application_name` of an attempt, by which a later one recognises its backend. */
export function attemptName(
  rolloutId: number,
  { tenantId, attempt }: Pick<ClaimedRun, 'tenantId' | 'attempt'>,
): string {
  // PostgreSQL keeps 63 bytes, and the attempt at the end must be among them.
  return `fleet/r${rolloutId}/${tenantId.slice(0, 40)}/${attempt}`
}
