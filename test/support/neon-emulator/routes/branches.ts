import { DatabaseBusy } from '../data-plane.ts'
import { limitExceeded, type NeonError, unknown, unprocessable } from '../errors.ts'
import { refuseCreate, refuseDelete, refuseUpdate } from '../lineage.ts'
import { lineageOf } from '../lineage-of.ts'
import type { Branch, Mark, Project } from '../model.ts'
import {
  presentAnnotation,
  presentBranch,
  presentDatabase,
  presentEndpoint,
  presentOperation,
  presentRole,
} from '../present.ts'
import { knowOnly, type RouteRequest, type Routes } from '../route.ts'
import { branchOf, defaultBranchOf, newId, removeBranch, type World } from '../world.ts'
import { connectionDetails } from './connection-details.ts'
import { type EndpointBody, settleEndpoint } from './endpoint-options.ts'

interface CreateBody {
  readonly branch?: {
    readonly parent_id?: string
    readonly name?: string
    readonly parent_lsn?: string
    readonly parent_timestamp?: string
    readonly protected?: boolean
    readonly archived?: boolean
    readonly init_source?: string
    readonly expires_at?: string
  }
  readonly endpoints?: readonly EndpointBody[]
  readonly annotation_value?: Readonly<Record<string, string>>
}

interface UpdateBody {
  readonly branch: { readonly name?: string; readonly protected?: boolean; readonly expires_at?: string | null }
}

interface ListQuery {
  readonly search?: string
  readonly sort_by?: 'name' | 'created_at' | 'updated_at'
  readonly sort_order?: 'asc' | 'desc'
  readonly cursor?: string
  readonly limit?: number
  readonly include_deleted?: boolean
}

const CREATE_KEYS = ['parent_id', 'name', 'parent_lsn', 'parent_timestamp', 'protected', 'init_source', 'expires_at']
const MONTH_MS = 30 * 24 * 60 * 60 * 1000

export const branchRoutes: Routes = {
  createProjectBranch: { mutates: true, answer: createBranch },
  listProjectBranches: {
    answer: (_world, { project, query }) => {
      defaultBranchOf(project)
      const { page, next, sortBy, sortOrder } = sortAndCut(project, query as ListQuery)
      return {
        status: 200,
        body: {
          branches: page.map((it) => presentBranch(project, it)),
          annotations: Object.fromEntries(
            page.filter((it) => it.annotation).map((it) => [it.id, presentAnnotation(it)]),
          ),
          pagination: { sort_by: sortBy, sort_order: sortOrder.toUpperCase(), next },
        },
      }
    },
  },
  getProjectBranch: {
    answer: async (world, { project, branch }) => ({
      status: 200,
      body: {
        branch: presentBranch(project, branch, await world.data.size(branch)),
        annotation: presentAnnotation(branch),
      },
    }),
  },
  updateProjectBranch: {
    mutates: true,
    answer: (world, { project, branch, body: given }) => {
      const { branch: body } = given as UpdateBody
      const expiresAt = body.expires_at === undefined ? branch.expiresAt : readExpiry(world, body.expires_at)
      const isProtected = body.protected ?? branch.isProtected
      const change = { name: body.name, isProtected, isExpiring: expiresAt !== undefined }
      throwIf(refuseUpdate(lineageOf(project), branch.id, change, world.limits))
      branch.name = body.name ?? branch.name
      branch.isProtected = isProtected
      branch.expiresAt = expiresAt
      branch.updatedAt = world.clock.now()
      return { status: 200, body: { branch: presentBranch(project, branch), operations: [] } }
    },
  },
  deleteProjectBranch: {
    mutates: true,
    mayBeGone: true,
    answer: (world, { project, branch, query }) => {
      if (query.hard_delete) throw unknown('hard_delete')
      throwIf(refuseDelete(lineageOf(project), branch.id))
      const remove = removeBranch(world, project, branch)
      const operations = world.operations.schedule(project, [
        { action: 'delete_timeline', branchId: branch.id, work: remove },
      ])
      return {
        status: 200,
        body: { branch: presentBranch(project, branch), operations: operations.map(presentOperation) },
      }
    },
  },
}

async function createBranch(world: World, { project, body: given }: RouteRequest) {
  const { branch: body = {}, endpoints: [endpointBody, ...more] = [], annotation_value } = (given ?? {}) as CreateBody
  knowOnly(body, CREATE_KEYS)
  if (body.init_source !== undefined && body.init_source !== 'parent-data')
    throw unknown(`${body.init_source} branches`)
  if (more.length > 0) throw unknown('several endpoints for one branch')
  const parent = body.parent_id === undefined ? defaultBranchOf(project) : branchOf(project, body.parent_id)
  const id = newId('br')
  const name = body.name ?? id
  const expiresAt = readExpiry(world, body.expires_at ?? null)
  throwIf(refuseCreate(lineageOf(project), { parent: parent.id, name }, world.limits))
  if (body.protected && expiresAt) throw unprocessable('cannot set expiration time on protected branch')
  const protectedCount = [...project.branches.values()].filter((it) => it.isProtected).length
  if (body.protected && protectedCount >= world.limits.protectedBranches) {
    throw limitExceeded('BRANCHES_PROTECTED', world.limits.protectedBranches)
  }
  if (parent.isProtected) throw unknown('children of a protected branch, whose roles get new passwords')
  const options = endpointBody && settleEndpoint(world, project, endpointBody)
  if (options) world.computes.refuseActive(project, undefined)
  const point = { lsn: body.parent_lsn, timestamp: body.parent_timestamp }
  const copied = await unlessBusy(() => world.data.at(project, parent, point))
  const now = world.clock.now()
  const branch: Branch = {
    id,
    name,
    parentId: parent.id,
    parentLsn: body.parent_lsn,
    parentTimestamp: undefined,
    isDefault: false,
    isOriginalRoot: false,
    isProtected: body.protected ?? false,
    expiresAt,
    state: 'init',
    stateChangedAt: now,
    createdAt: now,
    updatedAt: now,
    lastResetAt: undefined,
    annotation: annotation_value && { value: annotation_value, createdAt: now },
    roles: parent.roles.map((it) => ({ ...it })),
    databases: parent.databases,
    database: undefined,
    origin: undefined,
    history: [],
    horizon: undefined,
  }
  if (!(copied instanceof DatabaseBusy)) beginAt(branch, copied)
  project.branches.set(id, branch)
  const endpoint = options && (await world.computes.open(project, branch, options))
  const operations = world.operations.schedule(project, [
    {
      action: 'create_branch',
      branchId: id,
      failedWith: copied instanceof DatabaseBusy ? copied : undefined,
      work: async () => {
        if (!branch.origin) beginAt(branch, await world.data.at(project, parent, point))
        arrive(branch)
        branch.stateChangedAt = world.clock.now()
      },
    },
    ...(endpoint
      ? [
          {
            action: 'start_compute',
            branchId: id,
            endpointId: endpoint.id,
            work: async () => {
              await world.data.materialize(project, branch)
              world.computes.point(project, endpoint)
            },
          },
        ]
      : []),
  ])
  return {
    status: 201,
    body: {
      branch: presentBranch(project, branch),
      endpoints: endpoint ? [presentEndpoint(project, endpoint, world.computes)] : [],
      operations: operations.map(presentOperation),
      roles: branch.roles.map((it) => presentRole(branch, it)),
      databases: branch.databases.map((it) => presentDatabase(branch, it)),
      connection_uris: endpoint && (await connectionDetails(world, project, branch, endpoint)),
    },
  }
}

/** The branch's data are those of the mark. */
function beginAt(branch: Branch, mark: Mark): void {
  branch.origin = mark
  branch.history = [mark]
}

/**
 * Where it begins is said only now, unless it was asked for: the LSN that was asked for then, between which and the mark nothing was
 * written.
 */
function arrive(branch: Branch): void {
  branch.parentLsn ??= branch.origin?.lsn
  branch.parentTimestamp = branch.origin?.at
  branch.state = 'ready'
}

/** Returns the error of a copy that somebody was in the way of, which the operation then tries again. */
export async function unlessBusy<T>(copy: () => Promise<T>): Promise<T | DatabaseBusy> {
  try {
    return await copy()
  } catch (error) {
    if (error instanceof DatabaseBusy) return error
    throw error
  }
}

export function throwIf(refusal: NeonError | undefined): void {
  if (refusal) throw refusal
}

/** @throws NeonError for a time that is none for an expiry; null is none */
function readExpiry({ clock }: World, text: string | null): Date | undefined {
  if (text === null) return undefined
  const now = clock.now().getTime()
  const time = new Date(text)
  if (/\.\d/.test(text)) throw unprocessable('expires_at has a precision up to seconds')
  if (time.getTime() <= now) throw unprocessable('expires_at is in the past')
  if (time.getTime() > now + MONTH_MS) throw unprocessable('expires_at is more than 30 days in the future')
  return time
}

function sortAndCut(project: Project, query: ListQuery) {
  const {
    search,
    sort_by: sortBy = 'updated_at',
    sort_order: sortOrder = 'desc',
    cursor,
    limit,
    include_deleted,
  } = query
  if (include_deleted) throw unknown('lists of deleted branches')
  const keyOf = (it: Branch) =>
    ({ name: it.name, created_at: it.createdAt.toISOString(), updated_at: it.updatedAt.toISOString() })[sortBy]
  const found = [...project.branches.values()].filter((it) => !search || `${it.name}\n${it.id}`.includes(search))
  const sorted = found.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : a.id < b.id ? -1 : 1))
  const ordered = sortOrder === 'asc' ? sorted : sorted.toReversed()
  const first = cursor === undefined ? 0 : ordered.findIndex((it) => it.id === cursor) + 1
  const page = limit === undefined ? ordered.slice(first) : ordered.slice(first, first + limit)
  const next = first + page.length < ordered.length ? page.at(-1)?.id : undefined
  return { page, next, sortBy, sortOrder }
}
