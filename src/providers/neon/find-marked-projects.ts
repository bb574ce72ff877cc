import type { Mark } from '../../model/mark.ts'
import { databaseName } from '../database-names.ts'
import type { MarkedName } from '../provider.ts'
import { deleteTenantProject } from './delete-project.ts'
import { explained } from './explained.ts'
import { findOurs, findProjects, projectOfTenant } from './find-projects.ts'
import { hasNeverRun } from './has-never-run.ts'
import { ownerPrefix, parseNeonName } from './names.ts'
import type { NeonAccount } from './neon-account.ts'
import { unlessGone } from './neon-api-error.ts'

/** A creation that is under way deletes its own spare project, and finishes its own, long before. */
const SPARE_AFTER_MS = 3_600_000

/**
 * Lists the projects of a fleet and catalog by their names, in pages; at the end once more those that are of one name, as spare,
 * unless they are so young that their creation may be under way.
 */
export async function* findMarkedProjects(
  { fleet, catalogId }: Pick<Mark, 'fleet' | 'catalogId'>,
  { server, account }: { readonly server: string; readonly account: NeonAccount },
): AsyncGenerator<readonly MarkedName[]> {
  const each = account.projects(ownerPrefix({ fleet, catalogId }))[Symbol.asyncIterator]()
  const seen = new Set<string>()
  const twice = new Map<string, Mark>()
  for (;;) {
    const page = await explained('The projects of the fleet were not listed', () => each.next())
    if (page.done) break
    yield page.value.projects.flatMap(({ id, name }) => {
      const mark = parseNeonName(name)
      if (mark?.kind !== 'tenant' || mark.fleet !== fleet || mark.catalogId !== catalogId) return []
      if (seen.has(name)) {
        twice.set(name, mark)
        return []
      }
      seen.add(name)
      return [{ server, name: databaseName(mark), mark, databaseId: id, remedy: remedyOf(id) }]
    })
  }
  for (const mark of twice.values()) yield await findSpares(mark, { server, account })
}

async function findSpares(
  mark: Mark,
  { server, account }: { readonly server: string; readonly account: NeonAccount },
): Promise<readonly MarkedName[]> {
  const projects = await findProjects(projectOfTenant(mark), account)
  const since = account.clock.now().getTime() - SPARE_AFTER_MS
  return projects
    .filter(({ createdAt }) => createdAt.getTime() < since)
    .map(({ id }) => ({ server, name: databaseName(mark), mark, databaseId: id, isSpare: true }))
}

/**
 * Says whether a project is old enough to be forgotten, and no compute of it has ever started. That it has no login role would not say
 * so: whether Neon's list of roles has those that SQL made is not known (docs/providers/neon.md).
 */
export async function wasNeverUsed({ databaseId }: MarkedName, account: NeonAccount): Promise<boolean> {
  if (databaseId === null) return false
  const project = await explained(`Project ${databaseId} was not looked at`, () =>
    unlessGone(account.api.getProject(databaseId)),
  )
  if (project === undefined || account.clock.now().getTime() < project.createdAt.getTime() + SPARE_AFTER_MS)
    return false
  return hasNeverRun(databaseId, account)
}

function remedyOf(projectId: string): string {
  return `Look into project ${projectId} in Neon's console: adopt it by its URL (fleet tenant adopt --url-env), or delete it there.`
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
  if (project === undefined || (await findOurs(project, projectOfTenant(mark), account)) === undefined) return false
  if (!(await isOrphan())) return false
  await deleteTenantProject({ databaseId }, mark, account)
  return true
}
