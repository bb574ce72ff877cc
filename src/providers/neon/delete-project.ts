import { failpoint } from '../../lib/failpoint.ts'
import { FleetError } from '../../model/errors.ts'
import type { Mark } from '../../model/mark.ts'
import type { Placement } from '../../model/tenant.ts'
import { explained } from './explained.ts'
import { awaitProjects, listOurs, projectOfTenant } from './find-projects.ts'
import type { NeonAccount } from './neon-account.ts'
import type { NeonProject } from './neon-api.ts'
import { unlessGone } from './neon-api-error.ts'

/**
 * Deletes a tenant's project, only if name and annotations are those of the mark and none of its branches is protected; gone is fine.
 * Neon can recover it for 7 days. Where nobody has seen the project yet, all that a creation has left under the name are deleted, once
 * Neon's search finds them.
 * @throws FleetError DATABASE_FOREIGN, SERVICE_REFUSED where a branch is protected, and as `explained`
 */
export async function deleteTenantProject(
  { databaseId }: Pick<Placement, 'databaseId'>,
  mark: Mark,
  account: NeonAccount,
): Promise<void> {
  const { api } = account
  const projects =
    databaseId === null ? await awaitProjects(projectOfTenant(mark), account) : [await findProject(databaseId, account)]
  for (const project of projects) {
    if (project === undefined) continue
    await requireDeletable(project, mark, account)
    await explained(`Project ${project.id} was not deleted`, () => api.deleteProject(project.id))
  }
  failpoint('tenant.database-dropped')
}

/**
 * Refuses what the deletion of a tenant's project would refuse. One that nobody has seen yet is not looked for.
 * @throws FleetError as `deleteTenantProject`
 */
export async function checkProjectDeletable(
  { databaseId }: Pick<Placement, 'databaseId'>,
  mark: Mark,
  account: NeonAccount,
): Promise<void> {
  const project = databaseId === null ? undefined : await findProject(databaseId, account)
  if (project !== undefined) await requireDeletable(project, mark, account)
}

async function findProject(id: string, { api }: NeonAccount): Promise<NeonProject | undefined> {
  return explained(`Project ${id} was not looked at`, () => unlessGone(api.getProject(id)))
}

async function requireDeletable(project: NeonProject, mark: Mark, account: NeonAccount): Promise<void> {
  const branches = await listOurs(project, projectOfTenant(mark), account)
  const kept = branches.find((it) => it.isProtected)
  if (kept !== undefined) throw protectedBranch(kept)
}

/** That a tenant is not deleted because somebody has protected one of its branches. */
export function protectedBranch({ id, name }: { readonly id: string; readonly name: string }): FleetError {
  return new FleetError('SERVICE_REFUSED', `Branch ${id} ("${name}") is protected: nothing was deleted.`, {
    remedy: "Lift its protection in Neon's console first.",
  })
}
