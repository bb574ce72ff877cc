import { failpoint } from '../../../lib/failpoint.ts'
import { type Mark, type MarkKind, sameMark } from '../../../model/mark.ts'
import type { Placement } from '../../../model/tenant.ts'
import { protectedBranch } from '../delete-project.ts'
import { explained } from '../explained.ts'
import { lineageOf } from '../lineage.ts'
import { branchMark, neonName, unfinishedPrefix } from '../names.ts'
import type { NeonAccount } from '../neon-account.ts'
import type { NeonBranch } from '../neon-api.ts'
import { unlessGone } from '../neon-api-error.ts'
import { foreignBranch, isOf } from './find-our-branch.ts'
import type { SharedProjects } from './shared-project.ts'

/**
 * Deletes a tenant's branch, and before it all that hangs under it and all that its restores have kept above it; only where all of
 * that is the tenant's by its names and annotations, else nothing. Gone is fine. What a creation has left unfinished goes, too.
 * @throws FleetError DATABASE_FOREIGN, SERVICE_REFUSED where one is protected, and as `explained`
 */
export async function deleteTenantBranch(
  placement: Pick<Placement, 'database' | 'databaseId' | 'own'>,
  mark: Mark,
  { account, projects }: { readonly account: NeonAccount; readonly projects: SharedProjects },
): Promise<void> {
  const { api } = account
  const { databaseId, own } = placement
  const projectId = own?.ids.project ?? (await projects.find(mark, true))?.projectId
  if (projectId === undefined) return
  const branches = await listBranches(projectId, account)
  const unfinished = branches.filter((it) => it.name.startsWith(unfinishedPrefix(mark)) && isOf(it, mark))
  for (const { id, name } of [...unfinished, ...toDelete(branches, { databaseId, mark })])
    await account.change(projectId, `Branch "${name}" of project ${projectId} was not deleted`, () =>
      api.deleteBranch(projectId, id),
    )
  failpoint('tenant.database-dropped')
}

/**
 * Refuses what the deletion of a tenant's branch would refuse. One that no creation has finished is not looked for.
 * @throws FleetError as `deleteTenantBranch`
 */
export async function checkBranchDeletable(
  { databaseId, own }: Pick<Placement, 'databaseId' | 'own'>,
  mark: Mark,
  account: NeonAccount,
): Promise<void> {
  const projectId = own?.ids.project
  if (projectId !== undefined) toDelete(await listBranches(projectId, account), { databaseId, mark })
}

async function listBranches(projectId: string, { api }: NeonAccount): Promise<readonly NeonBranch[]> {
  const listed = () => unlessGone(api.listBranches(projectId))
  return (await explained(`Project ${projectId} was not looked at`, listed)) ?? []
}

/** @throws FleetError DATABASE_FOREIGN, SERVICE_REFUSED */
function toDelete(
  branches: readonly NeonBranch[],
  { databaseId, mark }: { readonly databaseId: string | null; readonly mark: Mark },
): readonly NeonBranch[] {
  const name = neonName(mark)
  const tenant = branches.find((it) => (databaseId === null ? it.name === name : it.id === databaseId))
  if (tenant === undefined) return []
  const found = branchMark(tenant)
  // A restore that was not recorded has kept it, and its tenant hangs under it.
  const isOurs = sameMark(found, mark) || (databaseId !== null && found?.kind === 'kept-state' && isOf(tenant, mark))
  if (!isOurs) throw foreignBranch(tenant, mark)
  // By what it is, not by what it is not: above the tenants of a template that somebody has renamed are all of them.
  const lineage = lineageOf(branches, tenant, (it) => isOf(it, mark) && branchMark(it)?.kind === 'kept-state')
  const foreign = lineage.find((it) => !isPart(it, mark))
  if (foreign !== undefined) throw foreignBranch(foreign, mark)
  // Neon would refuse it when what hangs under it is gone already.
  const kept = lineage.find((it) => it.isProtected)
  if (kept !== undefined) throw protectedBranch(kept)
  return lineage
}

/** Says whether a branch in the lineage of a tenant is the tenant itself, or one of those that are made of a tenant. */
function isPart(branch: NeonBranch, mark: Mark): boolean {
  const found = branchMark(branch)
  if (found === undefined || !isOf(branch, mark)) return false
  return sameMark(found, mark) || PARTS.includes(found.kind)
}

const PARTS: readonly MarkKind[] = ['restore-point', 'kept-state', 'rehearsal']
