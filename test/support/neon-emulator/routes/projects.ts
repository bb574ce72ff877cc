import { badRequest, forbidden, limitExceeded, preconditionFailed, unknown, unprocessable } from '../errors.ts'
import { allowsSuspendTimeout, defaultHistorySeconds } from '../limits.ts'
import type { Branch, EndpointDefaults, Project } from '../model.ts'
import {
  presentBranch,
  presentDatabase,
  presentEndpoint,
  presentListedProject,
  presentOperation,
  presentProject,
  presentRole,
} from '../present.ts'
import { knowOnly, type Routes } from '../route.ts'
import { newId, newPassword, RECOVERABLE_MS, removeBranch, serverRoleOf, type World } from '../world.ts'
import { connectionDetails } from './connection-details.ts'
import { settleEndpoint } from './endpoint-options.ts'

interface ProjectBody {
  readonly name?: string
  readonly region_id?: string
  readonly pg_version?: number
  readonly org_id?: string
  readonly store_passwords?: boolean
  readonly history_retention_seconds?: number
  readonly default_endpoint_settings?: EndpointDefaults
  readonly settings?: object
  readonly branch?: {
    readonly name?: string
    readonly role_name?: string
    readonly database_name?: string
    readonly annotations?: Readonly<Record<string, string>>
  }
}

/** Of the server behind the emulator. */
const PG_VERSION = 18
/** Which Neon takes where none is named. */
const DEFAULT_PG_VERSION = 17
const DEFAULT_REGION = 'aws-us-east-2'
const CREATE_KEYS = [
  'name',
  'region_id',
  'pg_version',
  'org_id',
  'store_passwords',
  'history_retention_seconds',
  'default_endpoint_settings',
  'settings',
  'branch',
]

export const projectRoutes: Routes = {
  createProject: {
    answer: async (world, request) => {
      const { project: body } = request.body as { project: ProjectBody }
      knowOnly(body, CREATE_KEYS)
      knowOnly(body.settings, [])
      checkOrg(world, body.org_id)
      checkSettings(world, body)
      const { pg_version = DEFAULT_PG_VERSION } = body
      if (pg_version !== PG_VERSION) throw unknown(`the server is PostgreSQL ${PG_VERSION}, not ${pg_version}`)
      if (world.projects.living.length >= world.limits.projects) throw limitExceeded('PROJECTS', world.limits.projects)
      const project = newProject(world, body)
      const branch = firstBranch(world, project, body.branch ?? {})
      project.branches.set(branch.id, branch)
      world.projects.add(project)
      return world.operations.mutate(project, async () => {
        const endpoint = await world.computes.open(project, branch, settleEndpoint(world, project, {}))
        const operations = world.operations.schedule(project, [
          {
            action: 'create_timeline',
            branchId: branch.id,
            work: async () => {
              for (const it of branch.roles) await world.dataPlane.createRole(it.serverName, it.password)
              await world.data.create(project, branch)
              branch.state = 'ready'
              branch.stateChangedAt = world.clock.now()
            },
          },
          {
            action: 'start_compute',
            branchId: branch.id,
            endpointId: endpoint.id,
            work: async () => world.computes.point(project, endpoint),
          },
        ])
        return {
          status: 201,
          body: {
            project: presentProject(project, factsOf(world)),
            branch: presentBranch(project, branch),
            endpoints: [presentEndpoint(project, endpoint, world.computes)],
            roles: branch.roles.map((it) => presentRole(branch, it, it.password)),
            databases: branch.databases.map((it) => presentDatabase(branch, it)),
            operations: operations.map(presentOperation),
            connection_uris: await connectionDetails(world, project, branch, endpoint),
          },
        }
      })
    },
  },
  listProjects: {
    answer: (world, { query }) => {
      const { org_id, search, limit = 10, cursor, recoverable = false } = query as ListQuery
      checkOrg(world, org_id)
      const now = world.clock.now().getTime()
      const isListed = (it: Project) =>
        recoverable ? it.deletedAt !== undefined && now - it.deletedAt.getTime() < RECOVERABLE_MS : !it.deletedAt
      const isFound = (it: Project) =>
        search === undefined ||
        ((it.name.includes(search) || it.id.includes(search)) && now - it.createdAt.getTime() >= world.searchLagMs)
      const page = world.projects.page(cursor, limit, (it) => isListed(it) && isFound(it))
      const omitted = page.filter((it) => world.faults.omits(it.id)).map((it) => it.id)
      const last = page.at(-1)
      return {
        status: 200,
        body: {
          projects: page
            .filter((it) => !world.faults.omits(it.id))
            .map((it) => presentListedProject(it, factsOf(world))),
          unavailable_project_ids: omitted,
          applications: {},
          integrations: {},
          ...(last && { pagination: { cursor: last.id } }),
        },
      }
    },
  },
  getProject: {
    answer: (world, { project }) => ({ status: 200, body: { project: presentProject(project, factsOf(world)) } }),
  },
  updateProject: {
    mutates: true,
    answer: (world, { project, body: given }) => {
      const { project: body } = given as { project: ProjectBody }
      knowOnly(body, ['name', 'history_retention_seconds', 'default_endpoint_settings', 'settings'])
      knowOnly(body.settings, [])
      checkSettings(world, body)
      project.name = body.name ?? project.name
      project.historySeconds = body.history_retention_seconds ?? project.historySeconds
      project.endpointDefaults = { ...project.endpointDefaults, ...body.default_endpoint_settings }
      project.updatedAt = world.clock.now()
      return { status: 200, body: { project: presentProject(project, factsOf(world)), operations: [] } }
    },
  },
  deleteProject: {
    mutates: true,
    answer: (world, { project }) => {
      const branches = [...project.branches.values()]
      if (branches.some((it) => it.isProtected)) throw unprocessable('cannot delete project with protected branches')
      project.deletedAt = world.clock.now()
      project.updatedAt = project.deletedAt
      // That it can be recovered is listed; recovering it is not emulated, so nothing has to be kept for it.
      world.operations.schedule(project, [
        {
          action: 'delete_timeline',
          work: async () => {
            for (const branch of branches) await removeBranch(world, project, branch)()
            const roles = new Set(branches.flatMap((it) => it.roles.map(({ name }) => serverRoleOf(project, name))))
            for (const role of roles) await world.dataPlane.dropRole(role)
          },
        },
      ])
      return { status: 200, body: { project: presentProject(project, factsOf(world)) } }
    },
  },
}

interface ListQuery {
  readonly org_id?: string
  readonly search?: string
  readonly limit?: number
  readonly cursor?: string
  readonly recoverable?: boolean
}

function newProject(world: World, body: ProjectBody): Project {
  const now = world.clock.now()
  const id = newId()
  return {
    id,
    name: body.name ?? id,
    regionId: body.region_id ?? DEFAULT_REGION,
    pgVersion: PG_VERSION,
    orgId: world.account.kind === 'org' ? world.account.orgId : body.org_id,
    storePasswords: body.store_passwords ?? true,
    historySeconds: body.history_retention_seconds ?? defaultHistorySeconds(world.limits),
    endpointDefaults: body.default_endpoint_settings ?? {},
    createdAt: now,
    updatedAt: now,
    deletedAt: undefined,
    lastActiveAt: undefined,
    isHollow: false,
    isMutating: false,
    branches: new Map(),
    endpoints: new Map(),
    operations: [],
  }
}

function firstBranch(world: World, project: Project, body: NonNullable<ProjectBody['branch']>): Branch {
  const now = world.clock.now()
  const owner = body.role_name ?? 'neondb_owner'
  const database = body.database_name ?? 'neondb'
  return {
    id: newId('br'),
    name: body.name ?? 'main',
    parentId: undefined,
    parentLsn: undefined,
    parentTimestamp: undefined,
    isDefault: true,
    isOriginalRoot: true,
    isProtected: false,
    expiresAt: undefined,
    state: 'init',
    stateChangedAt: now,
    createdAt: now,
    updatedAt: now,
    lastResetAt: undefined,
    annotation: body.annotations && { value: body.annotations, createdAt: now },
    roles: [
      {
        name: owner,
        password: newPassword(),
        serverName: serverRoleOf(project, owner),
        createdAt: now,
        updatedAt: now,
      },
    ],
    databases: [{ id: 1, name: database, owner, createdAt: now }],
    database: undefined,
    origin: undefined,
    history: [],
    horizon: undefined,
  }
}

/** @throws NeonError where the key and the organisation do not go together */
function checkOrg({ account }: World, orgId: string | undefined): void {
  if (orgId === undefined && account.requireOrg && account.kind === 'user') throw badRequest('org_id is required')
  if (orgId !== undefined && orgId !== account.orgId) throw forbidden(`no access to organization ${orgId}`)
}

function checkSettings({ limits }: World, body: ProjectBody): void {
  const { default_endpoint_settings: settings, history_retention_seconds: seconds = 0 } = body
  knowOnly(settings, ['autoscaling_limit_min_cu', 'autoscaling_limit_max_cu', 'suspend_timeout_seconds'])
  if (!allowsSuspendTimeout(limits, settings?.suspend_timeout_seconds ?? 0)) {
    throw preconditionFailed('suspend interval is too short for your plan')
  }
  if (seconds > limits.historySeconds) {
    throw badRequest('requested history retention seconds exceeds allowed maximum')
  }
}

function factsOf({ account }: World) {
  return { ownerId: account.orgId, recoverableMs: RECOVERABLE_MS }
}
