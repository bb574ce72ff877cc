import { withClient } from '../../postgres/connect.ts'
import type { Branch, BranchRequest } from '../copying-provider.ts'
import { plannedBranch } from './branch-address.ts'
import { connectionOf } from './connection-of.ts'
import { createBranch } from './create-branch.ts'
import { takeGrants } from './database-grants.ts'
import { neonName, ownerAnnotations } from './names.ts'
import type { NeonAccount } from './neon-account.ts'
import { awaited, branchOf, databaseAt, ownerOf, ownServer } from './own-server.ts'
import { restoreSource } from './restore-source.ts'

/** A branch that is left over removes itself after so long, in milliseconds. */
const EXPIRES_MS = 3_600_000

/**
 * Makes a branch with a compute to rehearse on, of a restore point's moment or of now, into which its owner alone gets. Nobody is
 * disturbed. The same mark again makes it anew.
 * @param sourceOf says where the restore point can be branched from; left out: its parent, at the same position, since a branch
 *   that expires can have no children
 * @throws FleetError RESTORE_POINT_UNKNOWN, DATABASE_FOREIGN, SERVICE_LIMIT and the like
 */
export async function createRehearsalBranch(
  { placement, from, mark }: BranchRequest,
  account: NeonAccount,
  sourceOf: typeof restoreSource = restoreSource,
): Promise<Branch> {
  const { projectId, branchId } = branchOf(placement)
  const { server, database: address } = plannedBranch(placement, mark)
  const source = from === null ? { sourceBranchId: branchId } : await sourceOf(from.point, from.mark, account)
  const before = account.clock.now().getTime()
  const what = `A branch to rehearse "${placement.database}" on was not made`
  const request = {
    parentId: source.sourceBranchId,
    ...(source.sourceLsn === undefined ? {} : { parentLsn: source.sourceLsn }),
    name: neonName(mark),
    expiresAt: new Date(before + EXPIRES_MS),
    annotations: ownerAnnotations(mark),
    compute: {},
  }
  const made = await createBranch({ projectId, branch: request, mark, what }, account)
  const copyMs = account.clock.now().getTime() - before
  const to = { projectId, branchId: made.branch.id, database: databaseAt(placement), role: ownerOf(placement) }
  const connection = awaited(await connectionOf(to, account, made.connections[0]?.uri))
  const { rows } = await withClient(connection, { applicationName: 'fleet/rehearsal' }, async (client) => {
    // The passwords of the tenant are the branch's too.
    await takeGrants(client)
    return client.query<{ bytes: number }>('select pg_database_size(current_database())::float8 as bytes')
  })
  const own = ownServer(connection, { projectId, branchId: made.branch.id }, account)
  return {
    placement: { ...placement, server, database: address, databaseId: made.branch.id, loginRole: null, own },
    bytes: rows[0]?.bytes ?? 0,
    copyMs,
    closedMs: 0,
    settingsLost: [],
  }
}
