import { FleetError } from '../../model/errors.ts'
import type { Mark } from '../../model/mark.ts'
import { awaitVisible } from './await-visible.ts'
import { explained } from './explained.ts'
import { isProjectOf, neonName, type Owner } from './names.ts'
import type { NeonAccount } from './neon-account.ts'
import type { NeonBranch, NeonProject } from './neon-api.ts'

/** A project that the fleet makes. */
export interface OurProject {
  readonly name: string
  readonly owner: Owner
  /** What it is for, as messages call it: `tenant "a"`. */
  readonly of: string
}

/** Returns what the project of a tenant is known by. */
export function projectOfTenant(mark: Mark): OurProject {
  return { name: neonName(mark), owner: mark, of: `${mark.kind} "${mark.key}"` }
}

/**
 * Lists the projects of a name, the oldest first: names are not unique, and two processes may have made one each. The oldest is
 * the one that counts.
 * @throws FleetError SERVICE_BUSY where the list is not whole, and as `explained`
 */
export async function findProjects(
  { name }: Pick<OurProject, 'name'>,
  account: NeonAccount,
): Promise<readonly NeonProject[]> {
  const what = `Project "${name}" was not looked up`
  return explained(what, async () => {
    const found: NeonProject[] = []
    for await (const page of account.projects(name)) {
      if (page.unavailableProjectIds.length > 0) throw notWhole(what)
      found.push(...page.projects.filter((it) => it.name === name))
    }
    return found.sort(byAge)
  })
}

/** That a list leaves out projects which Neon cannot read at this moment: it proves the absence of none. */
export function notWhole(what: string): FleetError {
  return new FleetError('SERVICE_BUSY', `${what}. Neon's list is not whole at this moment.`)
}

/** How long after it was made a project is found by its name, in milliseconds (docs/providers/neon.md). */
const SEARCH_MS = 30_000

/**
 * Lists the projects of a name as `findProjects` does; where there is none, until one is seen that may have been made a moment ago.
 * @throws FleetError as `findProjects`
 */
export async function awaitProjects(
  wanted: Pick<OurProject, 'name'>,
  account: NeonAccount,
): Promise<readonly NeonProject[]> {
  const find = async () => {
    const found = await findProjects(wanted, account)
    return found.length > 0 ? found : undefined
  }
  return (await awaitVisible(find, { clock: account.clock, patience: SEARCH_MS })) ?? []
}

/** The oldest first: the same order for everybody who looks. */
export function byAge(one: NeonProject, other: NeonProject): number {
  return one.createdAt.getTime() - other.createdAt.getTime() || (one.id < other.id ? -1 : 1)
}

/**
 * Returns the default branch of a project, if its name and the annotations within it are as they must be.
 * @throws FleetError DATABASE_FOREIGN, and as `explained`
 */
export async function requireOurs(project: NeonProject, wanted: OurProject, account: NeonAccount): Promise<NeonBranch> {
  const branch = (await listOurs(project, wanted, account)).find((it) => it.isDefault)
  if (branch !== undefined) return branch
  throw foreignProject(project, wanted)
}

/**
 * Lists the branches of a project, if its name and the annotations within it are as they must be.
 * @throws FleetError DATABASE_FOREIGN, and as `explained`
 */
export async function listOurs(
  project: NeonProject,
  wanted: OurProject,
  account: NeonAccount,
): Promise<readonly NeonBranch[]> {
  const branches = await listBranches(project, account)
  if (isProjectOf(wanted, project, branches)) return branches
  throw foreignProject(project, wanted)
}

/**
 * Returns the default branch of a project; undefined: its name and the annotations within it are not as they must be.
 * @throws FleetError as `explained`
 */
export async function findOurs(
  project: NeonProject,
  wanted: OurProject,
  account: NeonAccount,
): Promise<NeonBranch | undefined> {
  const branches = await listBranches(project, account)
  return isProjectOf(wanted, project, branches) ? branches.find((it) => it.isDefault) : undefined
}

async function listBranches({ id }: NeonProject, { api }: NeonAccount): Promise<readonly NeonBranch[]> {
  return explained(`Project ${id} was not looked at`, () => api.listBranches(id))
}

function foreignProject({ id, name }: NeonProject, { of }: OurProject): FleetError {
  return new FleetError('DATABASE_FOREIGN', `Project ${id} is called "${name}" and does not carry the mark of ${of}.`)
}
