import type { Mark } from '../../model/mark.ts'
import { databaseName } from '../database-names.ts'
import type { MarkedName } from '../provider.ts'
import { deleteTenantProject } from './delete-project.ts'
import { explained } from './explained.ts'
import { findOurs } from './find-projects.ts'
import { ownerPrefix, parseNeonName } from './names.ts'
import type { NeonAccount } from './neon-account.ts'
import { unlessGone } from './neon-api-error.ts'

/** Lists the projects of a fleet and catalog by their names, in pages. */
export async function* findMarkedProjects(
  { fleet, catalogId }: Pick<Mark, 'fleet' | 'catalogId'>,
  { server, account: { api, settings } }: { readonly server: string; readonly account: NeonAccount },
): AsyncGenerator<readonly MarkedName[]> {
  const search = ownerPrefix({ fleet, catalogId })
  const pages = api.listProjects({ search, ...(settings.orgId ? { orgId: settings.orgId } : {}) })
  const each = pages[Symbol.asyncIterator]()
  for (;;) {
    const page = await explained('The projects of the fleet were not listed', () => each.next())
    if (page.done) return
    yield page.value.projects.flatMap(({ id, name }) => {
      const mark = parseNeonName(name)
      if (mark?.kind !== 'tenant' || mark.fleet !== fleet || mark.catalogId !== catalogId) return []
      return [{ server, name: databaseName(mark), mark, databaseId: id }]
    })
  }
}

/** Deletes a project that was found by its mark, if it is still that; false when it is not, or is no orphan. */
export async function removeMarkedProject(
  { databaseId, mark }: MarkedName,
  isOrphan: () => Promise<boolean>,
  account: NeonAccount,
): Promise<boolean> {
  if (databaseId === null) return false
  const project = await explained(`Project ${databaseId} was not looked at`, () =>
    unlessGone(account.api.getProject(databaseId)),
  )
  if (project === undefined || (await findOurs(project, mark, account)) === undefined) return false
  if (!(await isOrphan())) return false
  await deleteTenantProject({ databaseId }, mark, account)
  return true
}
