import type { Clock } from '../../lib/clock.ts'
import { type MarkKind, parseMark, sameMark } from '../../model/mark.ts'
import type { MarkedName } from '../provider.ts'
import type { AdminServer } from './admin-server.ts'
import { deleteDatabase } from './delete-database.ts'

/** Whoever is at work on it for longer is left to it. */
const PATIENCE_MS = 5_000
/** Their databases have a login role of the same name. */
const WITH_LOGIN_ROLE: readonly MarkKind[] = ['tenant', 'scratch']

export interface RemoveMarkedOptions {
  readonly clock: Clock
  /** Asked under the lock that whoever makes something of that name takes after recording it. */
  readonly isOrphan: () => Promise<boolean>
}

/**
 * Removes what was found by its mark, if it is the same still; false when it is not, or is somebody's.
 * @throws FleetError DATABASE_IN_USE, DATABASE_FOREIGN, RIGHT_MISSING
 */
export async function removeMarked(
  server: AdminServer,
  { name, mark, databaseId }: MarkedName,
  { clock, isOrphan }: RemoveMarkedOptions,
): Promise<boolean> {
  const deletion = {
    database: name,
    mark,
    databaseId,
    loginRole: WITH_LOGIN_ROLE.includes(mark.kind) ? name : null,
    patience: PATIENCE_MS,
    permits: async (facts: { readonly databaseId: string; readonly comment: string | null } | undefined) =>
      // Of a login role alone: no database has come up that it may belong to.
      (facts?.databaseId ?? null) === databaseId &&
      (facts === undefined || sameMark(parseMark(facts.comment), mark)) &&
      (await isOrphan()),
  }
  return deleteDatabase(server, deletion, clock)
}
