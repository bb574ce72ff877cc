import { failpoint } from '../../lib/failpoint.ts'
import type { Mark } from '../../model/mark.ts'
import type { Placement } from '../../model/tenant.ts'
import { explained } from './explained.ts'
import { awaitProjects, projectOfTenant, requireOurs } from './find-projects.ts'
import type { NeonAccount } from './neon-account.ts'
import { unlessGone } from './neon-api-error.ts'
import { requirePart } from './own-server.ts'

/**
 * Deletes a tenant's project, only if name and annotations are those of the mark; gone is fine. Neon can recover it for 7 days.
 * Where nobody has seen the project yet, all that a creation has left under the name are deleted, once Neon's search finds them.
 * @throws FleetError DATABASE_FOREIGN, SERVICE_REFUSED where a branch is protected, and as `explained`
 */
export async function deleteTenantProject(
  placement: Pick<Placement, 'database' | 'databaseId' | 'own'>,
  mark: Mark,
  account: NeonAccount,
): Promise<void> {
  const { api } = account
  const { databaseId } = placement
  requirePart(placement, 'project')
  const projects =
    databaseId === null
      ? await awaitProjects(projectOfTenant(mark), account)
      : [await explained(`Project ${databaseId} was not looked at`, () => unlessGone(api.getProject(databaseId)))]
  for (const project of projects) {
    if (project === undefined) continue
    await requireOurs(project, projectOfTenant(mark), account)
    await explained(`Project ${project.id} was not deleted`, () => api.deleteProject(project.id))
  }
  failpoint('tenant.database-dropped')
}
