import { describe, expect, test } from 'vitest'
import { systemClock } from '../../../src/lib/clock.ts'
import { Secret } from '../../../src/model/secret.ts'
import type { NeonApi } from '../../../src/providers/neon/neon-api.ts'
import { routeOf } from '../../../src/providers/neon/neon-call.ts'
import { createNeonClient } from '../../../src/providers/neon/neon-client.ts'
import { startHttpServer } from './http-server.ts'
import { routeOfRequest } from './specification.ts'

const compute = { minCu: 0.25, maxCu: 2, suspendTimeoutSeconds: 60 }
const annotations = { fleet: 'f', catalog: 'c' }
const time = new Date('2026-08-01T10:00:00.999Z')
const LSN = '0/1A2B3C4'

/** Every call, with as much and as little as it can be given. */
const CALLS: { readonly [Name in keyof NeonApi]: readonly ((api: NeonApi) => Promise<unknown>)[] } = {
  createProject: [
    (api) => api.createProject({ name: 'n', pgVersion: 18 }),
    (api) =>
      api.createProject({
        name: 'fleet/f/c/t/db',
        pgVersion: 18,
        orgId: 'org-1',
        regionId: 'aws-us-east-1',
        historyRetentionSeconds: 86_400,
        storePasswords: true,
        compute,
        branch: { name: 'main', roleName: 'r', databaseName: 'd', annotations },
      }),
  ],
  listProjects: [
    (api) => Array.fromAsync(api.listProjects({})),
    (api) => Array.fromAsync(api.listProjects({ orgId: 'org-1', search: 'fleet/f/', recoverable: true })),
  ],
  getProject: [(api) => api.getProject('p-1')],
  deleteProject: [(api) => api.deleteProject('p-1')],
  getConnectionUri: [
    (api) => api.getConnectionUri('p-1', { database: 'd', role: 'r' }),
    (api) => api.getConnectionUri('p-1', { database: 'd', role: 'r', branchId: 'br-1', pooled: true }),
  ],
  createBranch: [
    (api) => api.createBranch('p-1', { parentId: 'br-1', name: 'n' }),
    (api) =>
      api.createBranch('p-1', {
        parentId: 'br-1',
        name: 'fleet/rp/1',
        parentLsn: LSN,
        expiresAt: time,
        annotations,
      }),
    (api) => api.createBranch('p-1', { parentId: 'br-1', name: 'fleet/try/1', compute }),
    (api) => api.createBranch('p-1', { parentId: 'br-1', name: 'fleet/try/1', compute: {} }),
  ],
  listBranches: [(api) => api.listBranches('p-1'), (api) => api.listBranches('p-1', { search: 'fleet/' })],
  getBranch: [(api) => api.getBranch('p-1', 'br-1')],
  updateBranch: [
    (api) => api.updateBranch('p-1', 'br-1', { name: 'n', isProtected: true, expiresAt: time }),
    (api) => api.updateBranch('p-1', 'br-1', { expiresAt: null }),
  ],
  deleteBranch: [(api) => api.deleteBranch('p-1', 'br-1')],
  restoreBranch: [
    (api) => api.restoreBranch('p-1', 'br-1', { sourceBranchId: 'br-2' }),
    (api) =>
      api.restoreBranch('p-1', 'br-1', { sourceBranchId: 'br-1', sourceLsn: LSN, preserveUnderName: 'fleet/undo/1' }),
  ],
  listDatabases: [(api) => api.listDatabases('p-1', 'br-1')],
  createEndpoint: [(api) => api.createEndpoint('p-1', 'br-1'), (api) => api.createEndpoint('p-1', 'br-1', compute)],
  listEndpoints: [(api) => api.listEndpoints('p-1', 'br-1')],
  deleteEndpoint: [(api) => api.deleteEndpoint('p-1', 'ep-1')],
  suspendEndpoint: [(api) => api.suspendEndpoint('p-1', 'ep-1')],
  resetRolePassword: [(api) => api.resetRolePassword('p-1', 'br-1', 'a role/é')],
  getOperation: [(api) => api.getOperation('p-1', '00000000-0000-4000-8000-000000000000')],
  listOperations: [(api) => api.listOperations('p-1')],
  getAuthDetails: [(api) => api.getAuthDetails()],
  getOrganization: [(api) => api.getOrganization('org-1')],
  listRegions: [(api) => api.listRegions(), (api) => api.listRegions('org-1')],
}

async function speak(only: 'required' | 'everything') {
  const faults: string[] = []
  const routes: string[] = []
  const { baseUrl, got } = await startHttpServer(({ method, url, body }) => {
    const route = routeOfRequest(method, url.pathname)
    if (!route) return { status: 404, body: { code: '', message: 'this route does not exist' } }
    faults.push(...route.faultsOf({ url, body }))
    return route.answer(only)
  })
  const api = createNeonClient({
    apiKey: new Secret('k'),
    baseUrl,
    clock: systemClock,
    send: (call, attempt) => {
      routes.push(routeOf(call))
      return attempt()
    },
  })
  return { api, faults, routes, got }
}

describe.each(Object.entries(CALLS))('%s', (_, calls) => {
  test.each(['required', 'everything'] as const)(
    'asks as the specification says, and reads an answer with what is %s there',
    async (only) => {
      const { api, faults, routes, got } = await speak(only)
      for (const call of calls) await expect(call(api)).resolves.not.toThrow()
      expect(faults).toEqual([])
      expect(got).toHaveLength(calls.length)
      // What the limiter counts by is the route that was asked.
      for (const [index, { method, url }] of got.entries()) {
        const pattern = routes[index]?.replaceAll(/\{\w+\}/g, '[^/]+')
        expect(`${method} ${url.pathname.replace('/api/v2', '')}`).toMatch(new RegExp(`^${pattern}$`))
      }
    },
  )
})

describe('what is sent', () => {
  test('has whole seconds, no compute that was not asked for, and null only where something is cleared', async () => {
    const { api, got } = await speak('required')
    await api.createBranch('p-1', { parentId: 'br-1', name: 'n', parentLsn: LSN, expiresAt: time, annotations })
    await api.updateBranch('p-1', 'br-1', { expiresAt: null })
    await api.createBranch('p-1', { parentId: 'br-1', name: 'n', compute: { minCu: 1 } })
    expect(got.map(({ body }) => body)).toEqual([
      {
        branch: { parent_id: 'br-1', name: 'n', parent_lsn: LSN, expires_at: '2026-08-01T10:00:00Z' },
        annotation_value: annotations,
      },
      { branch: { expires_at: null } },
      { branch: { parent_id: 'br-1', name: 'n' }, endpoints: [{ type: 'read_write', autoscaling_limit_min_cu: 1 }] },
    ])
  })

  test.each(['', '../projects', 'a/b', 'A', 'a?b', 'x'.repeat(61)])('never has "%s" in a path', async (id) => {
    const { api, got } = await speak('required')
    await expect(api.deleteProject(id)).rejects.toThrow(RangeError)
    await expect(api.deleteBranch('p-1', id)).rejects.toThrow(RangeError)
    await expect(api.restoreBranch(id, 'br-1', { sourceBranchId: 'br-1' })).rejects.toThrow(RangeError)
    expect(got).toEqual([])
  })
})

describe('what is read', () => {
  test('of a project keeps its passwords secret', async () => {
    const { api } = await speak('everything')
    const { connections, project, branch } = await api.createProject({ name: 'n', pgVersion: 18 })
    expect(connections[0]?.uri).toBeInstanceOf(Secret)
    expect(project).toMatchObject({ id: 'an-id', createdAt: new Date('2026-08-01T10:00:00Z') })
    expect(branch).toMatchObject({ annotations: null, isDefault: true, state: expect.any(String) })
    expect(await api.getConnectionUri('p-1', { database: 'd', role: 'r' })).toBeInstanceOf(Secret)
    expect((await api.resetRolePassword('p-1', 'br-1', 'r')).password).toBeInstanceOf(Secret)
  })

  test('of a branch tells annotations that it has, those that it has not, and those that nobody was told', async () => {
    const everything = await speak('everything')
    const required = await speak('required')
    expect((await everything.api.getBranch('p-1', 'br-1'))?.annotations).toEqual({ 'an-id': 'an-id' })
    expect((await everything.api.listBranches('p-1'))[0]?.annotations).toEqual({ 'an-id': 'an-id' })
    expect((await required.api.getBranch('p-1', 'br-1'))?.annotations).toEqual({})
    expect((await required.api.listBranches('p-1'))[0]?.annotations).toEqual({})
    expect((await everything.api.updateBranch('p-1', 'br-1', {})).branch.annotations).toBeNull()
  })

  test('of a root says that it has no parent', async () => {
    const everything = await speak('everything')
    const required = await speak('required')
    expect((await everything.api.getBranch('p-1', 'br-1'))?.parentId).toBe('an-id')
    expect((await required.api.getBranch('p-1', 'br-1'))?.parentId).toBeNull()
  })
})

describe('pages', () => {
  const sample = routeOfRequest('GET', '/api/v2/projects')?.answer('required').body as { projects: object[] }
  const projects = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ ...sample.projects[0], id: `p-${index}` }))

  /** Answers pages of projects in turn and returns how many each had, and which cursors were sent. */
  async function list(pages: object[]) {
    const { baseUrl, got } = await startHttpServer(() => ({ body: pages.shift() }))
    const api = createNeonClient({
      apiKey: new Secret('k'),
      baseUrl,
      clock: systemClock,
      send: (_, attempt) => attempt(),
    })
    const read = await Array.fromAsync(api.listProjects({ search: 's' }))
    return {
      sizes: read.map((page) => page.projects.length),
      unavailable: read.map((page) => page.unavailableProjectIds.length),
      cursors: got.map(({ url }) => url.searchParams.get('cursor')),
    }
  }

  test('are asked for until one is short', async () => {
    const result = await list([
      { projects: projects(400), pagination: { cursor: 'a' } },
      { projects: projects(398), unavailable_project_ids: ['x', 'y'], pagination: { cursor: 'b' } },
      { projects: projects(3), pagination: { cursor: 'c' } },
    ])
    expect(result).toEqual({ sizes: [400, 398, 3], unavailable: [0, 2, 0], cursors: [null, 'a', 'b'] })
  })

  test.each([
    ['none', {}],
    ['an empty one', { pagination: { cursor: '' } }],
    ['the same one', { pagination: { cursor: 'a' } }],
  ])('end where the next cursor is %s', async (_, rest) => {
    const result = await list([
      { projects: projects(400), pagination: { cursor: 'a' } },
      { projects: projects(400), ...rest },
    ])
    expect(result.sizes).toEqual([400, 400])
  })
})
