import { FleetError } from '../../../model/errors.ts'
import { ensureProject, type FoundProject, type WantedProject } from '../ensure-project.ts'
import { explained } from '../explained.ts'
import { awaitProjects, findProjects, notWhole, requireOurs } from '../find-projects.ts'
import { isSharedProjectName, type Owner, sharedProjectName } from '../names.ts'
import type { NeonAccount } from '../neon-account.ts'
import type { NeonProject } from '../neon-api.ts'
import { unlessGone } from '../neon-api-error.ts'
import { OWNER } from '../own-server.ts'

/** The one project whose branches are the tenants of a fleet. */
export interface SharedProject {
  readonly projectId: string
  /** The root, of which templates are made. Nothing is ever written to it. */
  readonly rootId: string
  /** Of each branch's only database, and of the role that owns it. */
  readonly database: string
  readonly ownerRole: string
}

/** Finds and makes the projects whose branches are tenants; each is looked for once. */
export interface SharedProjects {
  /**
   * @param isRetry whether it may have been made so late that Neon's search does not find it yet: then it is waited for
   * @throws FleetError DATABASE_FOREIGN, CONFIG_INVALID for a configured one that does not fit, and as `explained`
   */
  find(owner: Owner, isRetry?: boolean): Promise<SharedProject | undefined>
  /** @throws as `find`, and SERVICE_LIMIT and the like where it has to be made */
  ensure(owner: Owner, isRetry?: boolean): Promise<SharedProject>
  /** Lists all of the account that there are, whosever; throws SERVICE_BUSY where the list is not whole, and as `explained`. */
  list(): Promise<readonly Pick<NeonProject, 'id' | 'name'>[]>
  /** Returns the role that owns what is in such a project; throws as `find`. */
  ownerRoleOf(projectId: string): Promise<string>
}

export function createSharedProjects(account: NeonAccount): SharedProjects {
  const { templateProjectId } = account.settings
  const known = new Map<string, SharedProject>()

  const find = async (owner: Owner, isRetry = false): Promise<SharedProject | undefined> => {
    const key = templateProjectId ?? sharedProjectName(owner)
    const found =
      known.get(key) ??
      (templateProjectId === undefined
        ? await findOwn(owner, isRetry, account)
        : await readConfigured(templateProjectId, account))
    if (found !== undefined) known.set(key, found)
    return found
  }
  return {
    find,
    async ensure(owner, isRetry) {
      // What was waited for once is not there.
      const found = (await find(owner, isRetry)) ?? shared(owner, await ensureProject(wantedProject(owner), account))
      known.set(templateProjectId ?? sharedProjectName(owner), found)
      return found
    },
    async list() {
      if (templateProjectId !== undefined)
        return [{ id: templateProjectId, name: (await requireProject(templateProjectId, account)).name }]
      const what = 'The projects were not listed'
      return explained(what, async () => {
        const pages = await Array.fromAsync(account.projects('fleet/'))
        if (pages.some(({ unavailableProjectIds }) => unavailableProjectIds.length > 0)) throw notWhole(what)
        return pages.flatMap(({ projects }) => projects.filter(({ name }) => isSharedProjectName(name)))
      })
    },
    async ownerRoleOf(projectId) {
      if (projectId !== templateProjectId) return OWNER
      return (known.get(projectId) ?? (await readConfigured(projectId, account))).ownerRole
    },
  }
}

function wantedProject(owner: Owner): WantedProject {
  return { name: sharedProjectName(owner), owner, of: `fleet "${owner.fleet}"`, database: owner.fleet, isRetry: false }
}

function shared(owner: Owner, { project, branch }: Pick<FoundProject, 'project' | 'branch'>): SharedProject {
  return { projectId: project.id, rootId: branch.id, database: wantedProject(owner).database, ownerRole: OWNER }
}

/** After so long, in milliseconds, nobody who makes one at the same time is to be reckoned with, however clocks differ. */
const SETTLED_MS = 10 * 60_000

/** One that was made a moment ago may have a twin: then `ensureProject` decides. */
async function findOwn(owner: Owner, isRetry: boolean, account: NeonAccount): Promise<SharedProject | undefined> {
  const wanted = wantedProject(owner)
  const [project] = await (isRetry ? awaitProjects : findProjects)(wanted, account)
  if (project === undefined) return undefined
  if (account.clock.now().getTime() < project.createdAt.getTime() + SETTLED_MS)
    return shared(owner, await ensureProject(wanted, account))
  return shared(owner, { project, branch: await requireOurs(project, wanted, account) })
}

async function readConfigured(projectId: string, account: NeonAccount): Promise<SharedProject> {
  const { api } = account
  await requireProject(projectId, account)
  return explained(`Project ${projectId} was not looked at`, async () => {
    const root = (await api.listBranches(projectId)).find((it) => it.isDefault && it.parentId === null)
    const [database, ...more] = root === undefined ? [] : await api.listDatabases(projectId, root.id)
    if (root === undefined || database === undefined || more.length > 0)
      throw new FleetError(
        'CONFIG_INVALID',
        `provider.templateProjectId: project ${projectId} does not have a root as its default branch, with one database.`,
        { remedy: 'Name a project with one database and nothing in it, or leave it out.' },
      )
    return { projectId, rootId: root.id, database: database.name, ownerRole: database.owner }
  })
}

async function requireProject(projectId: string, { api }: NeonAccount): Promise<NeonProject> {
  const project = await explained(`Project ${projectId} was not looked at`, () => unlessGone(api.getProject(projectId)))
  if (project !== undefined) return project
  throw new FleetError(
    'CONFIG_INVALID',
    `provider.templateProjectId: there is no project ${projectId}, or the key may not see it.`,
  )
}
