import { createApiClient, EndpointType } from '@neondatabase/api-client'
import type { Clock } from '../../lib/clock.ts'
import { Secret } from '../../model/secret.ts'
import { createAsk } from './ask-neon.ts'
import type { NeonApi } from './neon-api.ts'
import { unlessGone } from './neon-api-error.ts'
import type { NeonCall, SendNeonCall } from './neon-call.ts'
import {
  present,
  readBranch,
  readConnections,
  readEndpoint,
  readOperation,
  readOperations,
  readProject,
} from './read-answers.ts'
import { branchBody, computeBody, defined, neonId, projectBody, restoreBody, wholeSeconds } from './write-requests.ts'

/** How long an answer may take, in milliseconds. */
const USUAL_MS = 30_000
/** Of calls that make or restore: one such answer has been seen to take 12 s (docs/providers/neon.md). */
const LONG_MS = 90_000

/** As many as Neon gives at once; of operations as many as can be of interest. */
const PROJECTS_PER_PAGE = 400
const BRANCHES_PER_PAGE = 10_000
export const LATEST_OPERATIONS = 100

export interface NeonClientOptions {
  readonly apiKey: Secret
  /** Ends in `/api/v2`; absent: Neon's own. */
  readonly baseUrl?: string | undefined
  readonly clock: Clock
  /** Sends each request as often as that is safe. */
  readonly send: SendNeonCall
  /** How long answers may take, in milliseconds; absent: 30 s, and 90 s where something is made or restored. */
  readonly timeouts?: { readonly usual: number; readonly long: number }
}

/**
 * Speaks to Neon's API by its npm client, which nothing else imports. What that throws carries the API key and is made
 * anew as `NeonApiError`.
 */
export function createNeonClient({ apiKey, baseUrl, clock, send, timeouts }: NeonClientOptions): NeonApi {
  const { usual, long } = timeouts ?? { usual: USUAL_MS, long: LONG_MS }
  const ask = createAsk({ apiKey, clock, send })
  const client = createApiClient({
    apiKey: apiKey.reveal(),
    ...defined({ baseURL: baseUrl }),
    // The API never redirects, and the key goes nowhere else.
    maxRedirects: 0,
  })

  return {
    createProject: (project) =>
      ask(
        { method: 'POST', path: '/projects', projectId: null },
        (params) => client.createProject({ project: projectBody(project) }, params),
        (it) => ({
          project: readProject(it.project),
          branch: readBranch(it.branch),
          connections: readConnections(it.connection_uris),
          operations: readOperations(it),
        }),
        long,
      ),

    async *listProjects({ orgId, search, recoverable }) {
      let cursor: string | undefined
      for (;;) {
        const query = defined({ org_id: orgId, search, recoverable, cursor, limit: PROJECTS_PER_PAGE })
        const { next, ...page } = await ask(
          { method: 'GET', path: '/projects', projectId: null },
          (params) => client.listProjects(query, params),
          (it) => ({
            projects: it.projects.map(readProject),
            unavailableProjectIds: it.unavailable_project_ids ?? [],
            next: it.pagination?.cursor,
          }),
          usual,
        )
        yield page
        const size = page.projects.length + page.unavailableProjectIds.length
        if (size < PROJECTS_PER_PAGE || !next || next === cursor) return
        cursor = next
      }
    },

    getProject: (id) =>
      ask(
        { method: 'GET', path: '/projects/{project_id}', projectId: id },
        (params) => client.getProject(neonId(id), params),
        (it) => readProject(it.project),
        usual,
      ),

    async deleteProject(id) {
      const call: NeonCall = { method: 'DELETE', path: '/projects/{project_id}', projectId: id }
      const request = ask(
        call,
        (params) => client.deleteProject(neonId(id), params),
        () => null,
        usual,
      )
      await unlessGone(request)
    },

    getConnectionUri: (projectId, { database, role, branchId, pooled }) =>
      ask(
        { method: 'GET', path: '/projects/{project_id}/connection_uri', projectId },
        (params) => {
          const query = defined({
            projectId: neonId(projectId),
            database_name: database,
            role_name: role,
            branch_id: branchId,
            pooled,
          })
          return client.getConnectionUri(query, params)
        },
        (it) => new Secret(present(it.uri)),
        usual,
      ),

    createBranch: (projectId, branch) =>
      ask(
        { method: 'POST', path: '/projects/{project_id}/branches', projectId },
        (params) => {
          const endpoints = branch.compute && [{ type: EndpointType.ReadWrite, ...computeBody(branch.compute) }]
          const body = defined({ branch: branchBody(branch), endpoints, annotation_value: branch.annotations })
          return client.createProjectBranch(neonId(projectId), body, params)
        },
        (it) => ({
          branch: readBranch(it.branch),
          connections: readConnections(it.connection_uris ?? []),
          operations: readOperations(it),
        }),
        long,
      ),

    async listBranches(projectId, { search } = {}) {
      const order = { sort_by: 'name', sort_order: 'asc', limit: BRANCHES_PER_PAGE } as const
      const branches = []
      let cursor: string | undefined
      for (;;) {
        const query = defined({ projectId: neonId(projectId), search, cursor, ...order })
        const page = await ask(
          { method: 'GET', path: '/projects/{project_id}/branches', projectId },
          (params) => client.listProjectBranches(query, params),
          (it) => ({
            branches: it.branches.map((branch) => readBranch(branch, it.annotations?.[branch.id]?.value ?? {})),
            next: it.pagination?.next,
          }),
          usual,
        )
        branches.push(...page.branches)
        if (page.branches.length < BRANCHES_PER_PAGE || !page.next || page.next === cursor) return branches
        cursor = page.next
      }
    },

    getBranch: (projectId, id) =>
      unlessGone(
        ask(
          { method: 'GET', path: '/projects/{project_id}/branches/{branch_id}', projectId, branchId: id },
          (params) => client.getProjectBranch(neonId(projectId), neonId(id), params),
          (it) => readBranch(it.branch, it.annotation?.value ?? {}),
          usual,
        ),
      ),

    updateBranch: (projectId, id, { name, isProtected, expiresAt }) =>
      ask(
        { method: 'PATCH', path: '/projects/{project_id}/branches/{branch_id}', projectId },
        (params) => {
          const expires_at = expiresAt ? wholeSeconds(expiresAt) : expiresAt
          const body = { branch: defined({ name, protected: isProtected, expires_at }) }
          return client.updateProjectBranch(neonId(projectId), neonId(id), body, params)
        },
        (it) => ({ branch: readBranch(it.branch), operations: readOperations(it) }),
        usual,
      ),

    async deleteBranch(projectId, branchId) {
      const request = ask(
        { method: 'DELETE', path: '/projects/{project_id}/branches/{branch_id}', projectId, branchId },
        (params) => client.deleteProjectBranch({ projectId: neonId(projectId), branchId: neonId(branchId) }, params),
        readOperations,
        usual,
      )
      return { operations: (await unlessGone(request)) ?? [] }
    },

    restoreBranch: (projectId, id, restore) =>
      ask(
        { method: 'POST', path: '/projects/{project_id}/branches/{branch_id}/restore', projectId },
        (params) => client.restoreProjectBranch(neonId(projectId), neonId(id), restoreBody(restore), params),
        (it) => ({ branch: readBranch(it.branch), operations: readOperations(it) }),
        long,
      ),

    listDatabases: (projectId, branchId) =>
      ask(
        { method: 'GET', path: '/projects/{project_id}/branches/{branch_id}/databases', projectId },
        (params) => client.listProjectBranchDatabases(neonId(projectId), neonId(branchId), params),
        (it) => it.databases.map(({ name, owner_name }) => ({ name: present(name), owner: present(owner_name) })),
        usual,
      ),

    createEndpoint: (projectId, branchId, compute = {}) =>
      ask(
        { method: 'POST', path: '/projects/{project_id}/endpoints', projectId },
        (params) => {
          const endpoint = { branch_id: branchId, type: EndpointType.ReadWrite, ...computeBody(compute) }
          return client.createProjectEndpoint(neonId(projectId), { endpoint }, params)
        },
        (it) => ({ endpoint: readEndpoint(it.endpoint), operations: readOperations(it) }),
        usual,
      ),

    listEndpoints: (projectId, branchId) =>
      ask(
        { method: 'GET', path: '/projects/{project_id}/branches/{branch_id}/endpoints', projectId },
        (params) => client.listProjectBranchEndpoints(neonId(projectId), neonId(branchId), params),
        (it) => it.endpoints.map(readEndpoint),
        usual,
      ),

    async deleteEndpoint(projectId, endpointId) {
      const request = ask(
        { method: 'DELETE', path: '/projects/{project_id}/endpoints/{endpoint_id}', projectId },
        (params) => client.deleteProjectEndpoint(neonId(projectId), neonId(endpointId), params),
        readOperations,
        usual,
      )
      return { operations: (await unlessGone(request)) ?? [] }
    },

    suspendEndpoint: (projectId, endpointId) =>
      ask(
        { method: 'POST', path: '/projects/{project_id}/endpoints/{endpoint_id}/suspend', projectId },
        (params) => client.suspendProjectEndpoint(neonId(projectId), neonId(endpointId), params),
        (it) => ({ endpoint: readEndpoint(it.endpoint), operations: readOperations(it) }),
        usual,
      ),

    resetRolePassword: (projectId, branchId, role) => {
      const path = '/projects/{project_id}/branches/{branch_id}/roles/{role_name}/reset_password'
      return ask(
        { method: 'POST', path, projectId },
        (params) =>
          client.resetProjectBranchRolePassword(neonId(projectId), neonId(branchId), encodeURIComponent(role), params),
        (it) => ({
          password: it.role.password ? new Secret(it.role.password) : null,
          operations: readOperations(it),
        }),
        usual,
      )
    },

    getOperation: (projectId, id) =>
      ask(
        { method: 'GET', path: '/projects/{project_id}/operations/{operation_id}', projectId },
        (params) => client.getProjectOperation(neonId(projectId), neonId(id), params),
        (it) => readOperation(it.operation),
        usual,
      ),

    listOperations: (projectId) =>
      ask(
        { method: 'GET', path: '/projects/{project_id}/operations', projectId },
        (params) => client.listProjectOperations({ projectId: neonId(projectId), limit: LATEST_OPERATIONS }, params),
        readOperations,
        usual,
      ),

    getAuthDetails: () =>
      ask(
        { method: 'GET', path: '/auth', projectId: null },
        (params) => client.getAuthDetails(params),
        (it) => ({ authMethod: present(it.auth_method) }),
        usual,
      ),

    getOrganization: (id) =>
      ask(
        { method: 'GET', path: '/organizations/{org_id}', projectId: null },
        (params) => client.getOrganization(neonId(id), params),
        (it) => ({ name: present(it.name), plan: present(it.plan) }),
        usual,
      ),

    listRegions: (orgId) =>
      ask(
        { method: 'GET', path: '/regions', projectId: null },
        (params) => client.getActiveRegions(orgId === undefined ? {} : { org_id: orgId }, params),
        (it) => it.regions.map(({ region_id }) => present(region_id)),
        usual,
      ),
  }
}
