import { FleetError } from '../../model/errors.ts'
import type { Secret } from '../../model/secret.ts'
import { computeSettings } from './compute-settings.ts'
import { explained } from './explained.ts'
import { awaitProjects, findProjects, type OurProject, requireOurs } from './find-projects.ts'
import { hasNeverRun } from './has-never-run.ts'
import { ownerAnnotations } from './names.ts'
import type { NeonAccount } from './neon-account.ts'
import type { CreatedNeonProject, NeonBranch, NeonProject, NewNeonProject } from './neon-api.ts'
import { NeonApiError } from './neon-api-error.ts'
import { OWNER } from './own-server.ts'
import { waitForProject } from './wait-for-project.ts'

export interface WantedProject extends OurProject {
  /** Of its only database. */
  readonly database: string
  /** Whether an earlier try may have made it, so that it is looked for until it would be found. */
  readonly isRetry: boolean
}

export interface FoundProject {
  readonly project: NeonProject
  /** Its default branch. */
  readonly branch: NeonBranch
  /** How its owner reaches the database; undefined: Neon has to be asked. */
  readonly uri: Secret | undefined
}

/**
 * Makes a project with one database, unless it is there. A repeated call goes on where the last one died; of two at once, both get
 * the same.
 * @throws FleetError DATABASE_FOREIGN, SERVICE_REFUSED, SERVICE_LIMIT, SERVICE_BUSY, SERVICE_UNREACHABLE, SERVICE_KEY_REFUSED
 */
export async function ensureProject(wanted: WantedProject, account: NeonAccount): Promise<FoundProject> {
  const list = wanted.isRetry ? awaitProjects : findProjects
  return (await existingProject(wanted, account, list)) ?? (await make(wanted, account))
}

/** Neon tells when a project was made to the second. Those of one second can be told apart when it is over, and all are there. */
const SAME_AGE_MS = 1_000

async function existingProject(
  wanted: WantedProject,
  account: NeonAccount,
  list: typeof findProjects = findProjects,
): Promise<FoundProject | undefined> {
  if ((await list(wanted, account)).length === 0) return undefined
  await account.clock.sleep(SAME_AGE_MS)
  const [project] = await findProjects(wanted, account)
  if (project === undefined) return undefined
  await requireOurs(project, wanted, account)
  await waitForProject(project.id, account)
  const branch = await requireOurs(project, wanted, account)
  if (branch.state === 'init' || (await hasNeverRun(project.id, account))) {
    // Its making has failed for good, so nobody has ever been in it.
    await explained(`Project ${project.id} was not deleted`, () => account.api.deleteProject(project.id))
    return existingProject(wanted, account)
  }
  return { project, branch, uri: undefined }
}

async function make(wanted: WantedProject, account: NeonAccount): Promise<FoundProject> {
  const { api, clock } = account
  const created = await createProject(wanted, account)
  const since = clock.now().getTime()
  if (created === undefined) {
    const found = await existingProject(wanted, account)
    if (found !== undefined) return found
    throw new FleetError('SERVICE_BUSY', `Project "${wanted.name}" is gone again.`)
  }
  const { project, branch } = created
  await account.change(project.id, `Project ${project.id} did not become ready`, async () => created)
  await clock.sleep(Math.max(0, since + SAME_AGE_MS - clock.now().getTime()))
  const [oldest] = await findProjects(wanted, account)
  if (oldest !== undefined && oldest.id !== project.id) {
    // Another process was faster; with two of one name, the older one counts.
    await explained(`Project ${project.id} was not deleted`, () => api.deleteProject(project.id))
    return (await existingProject(wanted, account)) ?? (await make(wanted, account))
  }
  const uri = created.connections.find(({ database, role }) => database === wanted.database && role === OWNER)?.uri
  return { project, branch, uri }
}

/** How often it is tried, where answers are lost. */
const TRIES = 3

/** Returns undefined where an answer was lost, and the project was made all the same. */
async function createProject(wanted: WantedProject, account: NeonAccount): Promise<CreatedNeonProject | undefined> {
  return explained(`The project of ${wanted.of} was not made`, async () => {
    for (let tries = 1; ; tries++) {
      try {
        return await account.api.createProject(newProject(wanted, account))
      } catch (error) {
        if (!(error instanceof NeonApiError && error.kind === 'lost')) throw error
        if ((await awaitProjects(wanted, account)).length > 0) return undefined
        if (tries === TRIES) throw error
      }
    }
  })
}

function newProject({ name, database, owner }: WantedProject, account: NeonAccount): NewNeonProject {
  const { region, orgId, pgVersion, historyRetention } = account.settings
  const compute = computeSettings(account)
  return {
    name,
    pgVersion,
    regionId: region,
    storePasswords: true,
    ...(orgId ? { orgId } : {}),
    ...(historyRetention === undefined ? {} : { historyRetentionSeconds: Math.round(historyRetention / 1_000) }),
    ...(Object.keys(compute).length > 0 ? { compute } : {}),
    branch: { name: 'main', roleName: OWNER, databaseName: database, annotations: ownerAnnotations(owner) },
  }
}
