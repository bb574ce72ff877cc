import { failpoint } from '../../lib/failpoint.ts'
import type { ConnectionDescriptor } from '../../model/connection.ts'
import { FleetError } from '../../model/errors.ts'
import type { Mark } from '../../model/mark.ts'
import type { Placement } from '../../model/tenant.ts'
import { databaseName } from '../database-names.ts'
import type { DatabaseSpec } from '../provider.ts'
import { connectionOf } from './connection-of.ts'
import { explained } from './explained.ts'
import { findProjects, requireOurs } from './find-projects.ts'
import { neonName, ownerAnnotations } from './names.ts'
import type { NeonAccount } from './neon-account.ts'
import type { CreatedNeonProject, NeonBranch, NewNeonProject } from './neon-api.ts'
import { NeonApiError } from './neon-api-error.ts'
import { awaited, OWNER, ownServer } from './own-server.ts'
import { prepareProject } from './prepare-project.ts'
import { waitForProject } from './wait-for-project.ts'

interface TenantProject {
  readonly projectId: string
  readonly branch: NeonBranch
  readonly connection: ConnectionDescriptor
}

/**
 * Makes the project of a tenant: an empty database with the login role of its application. A repeated call goes on where the last
 * one died, and sets the password of that role.
 * @throws FleetError DATABASE_FOREIGN, NEON_REFUSED, NEON_LIMIT, NEON_BUSY, NEON_UNREACHABLE, NEON_KEY_REFUSED
 */
export async function createTenantProject(
  { server, mark, password, extensions }: DatabaseSpec,
  account: NeonAccount,
): Promise<Placement> {
  const placement = plannedProject(server, mark)
  const { projectId, branch, connection } = (await existingProject(mark, account)) ?? (await make(mark, account))
  failpoint('tenant.database-created')
  await prepareProject(awaited(connection), { mark, extensions, loginRole: databaseName(mark), password })
  failpoint('tenant.database-opened')
  return {
    ...placement,
    databaseId: projectId,
    own: ownServer(connection, { projectId, branchId: branch.id }, account),
  }
}

/** Returns where the tenant of a mark will be. */
export function plannedProject(server: string, mark: Mark): Placement {
  const name = databaseName(mark)
  return { server, database: name, databaseId: null, ownerRole: null, loginRole: name }
}

/** Neon tells when a project was made to the second. Those of one second can be told apart when it is over, and all are there. */
const SAME_AGE_MS = 1_000

async function existingProject(mark: Mark, account: NeonAccount): Promise<TenantProject | undefined> {
  if ((await findProjects(mark, account)).length === 0) return undefined
  await account.clock.sleep(SAME_AGE_MS)
  const [project] = await findProjects(mark, account)
  if (project === undefined) return undefined
  await requireOurs(project, mark, account)
  await waitForProject(project.id, account)
  const branch = await requireOurs(project, mark, account)
  if (branch.state === 'init') {
    // Its making has failed for good, so nobody has ever been in it.
    await explained(`Project ${project.id} was not deleted`, () => account.api.deleteProject(project.id))
    return existingProject(mark, account)
  }
  return {
    projectId: project.id,
    branch,
    connection: await connectionOf(
      { projectId: project.id, branchId: branch.id, database: databaseName(mark) },
      account,
    ),
  }
}

async function make(mark: Mark, account: NeonAccount): Promise<TenantProject> {
  const { api, clock } = account
  const created = await createProject(mark, account)
  const since = clock.now().getTime()
  if (created === undefined) {
    const found = await existingProject(mark, account)
    if (found !== undefined) return found
    throw new FleetError('NEON_BUSY', `Project "${neonName(mark)}" is gone again.`)
  }
  const { project, branch } = created
  await account.change(project.id, `Project ${project.id} did not become ready`, async () => created)
  await clock.sleep(Math.max(0, since + SAME_AGE_MS - clock.now().getTime()))
  const [oldest] = await findProjects(mark, account)
  if (oldest !== undefined && oldest.id !== project.id) {
    // Another process was faster; with two of one name, the older one is the tenant's.
    await explained(`Project ${project.id} was not deleted`, () => api.deleteProject(project.id))
    return (await existingProject(mark, account)) ?? (await make(mark, account))
  }
  const uri = created.connections.find(({ database, role }) => database === databaseName(mark) && role === OWNER)?.uri
  return {
    projectId: project.id,
    branch,
    connection: await connectionOf(
      { projectId: project.id, branchId: branch.id, database: databaseName(mark) },
      account,
      uri,
    ),
  }
}

/** How long a project that may have been made is looked for, in milliseconds (docs/providers/neon.md). */
const SEARCH_MS = 30_000
const SEARCH_POLL_MS = 1_000
const TRIES = 3

/** Returns undefined where an answer was lost, and the project was made all the same. */
async function createProject(mark: Mark, account: NeonAccount): Promise<CreatedNeonProject | undefined> {
  return explained(`The project of tenant "${mark.key}" was not made`, async () => {
    for (let tries = 1; ; tries++) {
      try {
        return await account.api.createProject(newProject(mark, account))
      } catch (error) {
        if (!(error instanceof NeonApiError && error.kind === 'lost')) throw error
        if (await appears(mark, account)) return undefined
        if (tries === TRIES) throw error
      }
    }
  })
}

async function appears(mark: Mark, account: NeonAccount): Promise<boolean> {
  const { clock } = account
  const until = clock.now().getTime() + SEARCH_MS
  while ((await findProjects(mark, account)).length === 0) {
    if (clock.now().getTime() >= until) return false
    await clock.sleep(SEARCH_POLL_MS)
  }
  return true
}

function newProject(mark: Mark, { settings }: NeonAccount): NewNeonProject {
  const { region, orgId, pgVersion, historyRetention, autoscaling, suspendTimeout } = settings
  const seconds = (ms: number) => Math.round(ms / 1000)
  const compute = {
    ...(autoscaling ? { minCu: autoscaling.min, maxCu: autoscaling.max } : {}),
    ...(suspendTimeout === undefined ? {} : { suspendTimeoutSeconds: seconds(suspendTimeout) }),
  }
  return {
    name: neonName(mark),
    pgVersion,
    regionId: region,
    storePasswords: true,
    ...(orgId ? { orgId } : {}),
    ...(historyRetention === undefined ? {} : { historyRetentionSeconds: seconds(historyRetention) }),
    ...(Object.keys(compute).length > 0 ? { compute } : {}),
    branch: { name: 'main', roleName: OWNER, databaseName: databaseName(mark), annotations: ownerAnnotations(mark) },
  }
}
