import type { Mark } from '../../model/mark.ts'
import type { Placement } from '../../model/tenant.ts'
import type { RestorePointRef } from '../copying-provider.ts'
import { neonName } from './names.ts'
import { branchOf, databaseAt } from './own-server.ts'

/** A branch that is not a tenant's own, as the catalog keeps it where other providers have the name of a database. */
export interface BranchAddress {
  readonly projectId: string
  /** That of the tenant, which is in the branch, too. */
  readonly database: string
  readonly branch: string
}

/** Writes the address of a branch: project, database and name, by slashes. */
export function formatBranchAddress({ projectId, database, branch }: BranchAddress): string {
  return `${projectId}/${database}/${branch}`
}

/** Reads what `formatBranchAddress` has written. */
export function parseBranchAddress(text: string): BranchAddress {
  const [projectId = '', database = '', ...branch] = text.split('/')
  return { projectId, database, branch: branch.join('/') }
}

/** Returns where the branch of a mark will be, of a tenant that is there. */
export function plannedBranch(placement: Placement, mark: Mark): Pick<RestorePointRef, 'server' | 'database'> {
  const { projectId } = branchOf(placement)
  const database = databaseAt(placement)
  return { server: placement.server, database: formatBranchAddress({ projectId, database, branch: neonName(mark) }) }
}
