import { FleetError } from '../../model/errors.ts'
import { type Mark, sameMark } from '../../model/mark.ts'
import { explained } from './explained.ts'
import { neonName, projectMark } from './names.ts'
import type { NeonAccount } from './neon-account.ts'
import type { NeonBranch, NeonProject } from './neon-api.ts'

/**
 * Lists the projects that have the name of a mark, the oldest first: names are not unique, and two processes may have made one
 * each. The oldest is the tenant's.
 * @throws FleetError NEON_BUSY where the list is not whole, and as `explained`
 */
export async function findProjects(mark: Mark, { api, settings }: NeonAccount): Promise<readonly NeonProject[]> {
  const name = neonName(mark)
  const what = `Project "${name}" was not looked up`
  return explained(what, async () => {
    const found: NeonProject[] = []
    for await (const page of api.listProjects({ search: name, ...(settings.orgId ? { orgId: settings.orgId } : {}) })) {
      if (page.unavailableProjectIds.length > 0)
        throw new FleetError('NEON_BUSY', `${what}: Neon's list is not whole at this moment.`)
      found.push(...page.projects.filter((it) => it.name === name))
    }
    return found.sort(byAge)
  })
}

/** The same order for everybody who looks. */
function byAge(one: NeonProject, other: NeonProject): number {
  return one.createdAt.getTime() - other.createdAt.getTime() || (one.id < other.id ? -1 : 1)
}

/**
 * Returns the default branch of a project, if its name and the annotations within it are those of the mark.
 * @throws FleetError DATABASE_FOREIGN, and as `explained`
 */
export async function requireOurs(project: NeonProject, mark: Mark, account: NeonAccount): Promise<NeonBranch> {
  const branch = await findOurs(project, mark, account)
  if (branch !== undefined) return branch
  throw new FleetError(
    'DATABASE_FOREIGN',
    `Project ${project.id} is called "${project.name}" and does not carry the mark of ${mark.kind} "${mark.key}".`,
  )
}

/**
 * Returns the default branch of a project; undefined: its name and the annotations within it are not those of the mark.
 * @throws FleetError as `explained`
 */
export async function findOurs(
  project: NeonProject,
  mark: Mark,
  { api }: NeonAccount,
): Promise<NeonBranch | undefined> {
  const branches = await explained(`Project ${project.id} was not looked at`, () => api.listBranches(project.id))
  return sameMark(projectMark(project, branches), mark) ? branches.find((it) => it.isDefault) : undefined
}
