import { createApiClient } from '@neondatabase/api-client'
import { beforeEach, describe, expect, test } from 'vitest'
import { closeClient, openClient, withClient } from '../../../src/postgres/connect.ts'
import { parseConnectionString } from '../../../src/postgres/connection-string.ts'
import { answerOf } from './api-answer.ts'
import { neonSpecification } from './specification.ts'
import { needsEmulator, startTestEmulator } from './test-emulator.ts'

beforeEach(needsEmulator)

const connect = (uri: string) =>
  withClient(parseConnectionString(uri), { applicationName: 'test' }, (client) => client.query('select 1'))

describe('faults of calls', () => {
  test('are answered as Neon answers them', async () => {
    const { client, faults } = await startTestEmulator()
    const list = () => answerOf(client.listProjects({}))
    faults.next({ call: 'listProjects', times: 2, fault: 'locked' })
    expect([await list(), await list()]).toMatchObject([
      { status: 423, message: expect.stringMatching(/conflicting operations/) },
      { status: 423 },
    ])
    faults.next({ fault: { tooMany: {} } })
    expect(await list()).toMatchObject({ status: 429, retryAfter: undefined })
    faults.next({ fault: { tooMany: { retryAfter: 7 } } })
    expect(await list()).toMatchObject({ status: 429, retryAfter: '7' })
    const date = new Date('2026-12-01T10:00:00Z')
    faults.next({ fault: { tooMany: { retryAfter: date } } })
    expect(await list()).toMatchObject({ status: 429, retryAfter: 'Tue, 01 Dec 2026 10:00:00 GMT' })
    faults.next({ fault: 'unavailable' })
    expect(await list()).toMatchObject({ status: 503 })
    faults.next({ fault: 'cloudflare' })
    expect(await list()).toMatchObject({ status: 524, data: expect.stringContaining('<html') })
    faults.notFoundFor(1)
    expect(await list()).toMatchObject({ status: 404 })
    expect((await client.listProjects({})).status).toBe(200)
  })

  test('a lost request did nothing, and what a lost response would have told was done', async () => {
    const { client, faults, calls } = await startTestEmulator()
    const create = (name: string) => answerOf(client.createProject({ project: { name, pg_version: 18 } }))
    faults.next({ call: 'createProject', fault: 'loseRequest' })
    expect(await create('a')).toMatchObject({ status: undefined })
    faults.next({ call: 'createProject', fault: 'loseResponse' })
    expect(await create('b')).toMatchObject({ status: undefined })
    const { data } = await client.listProjects({})
    expect(data.projects.map((it) => it.name)).toEqual(['b'])
    expect(calls.log.map((it) => [it.call, it.method, it.route, it.status])).toEqual([
      ['createProject', 'POST', '/projects', undefined],
      ['createProject', 'POST', '/projects', undefined],
      ['listProjects', 'GET', '/projects', 200],
    ])
  })

  test('one that hangs says nothing until the client gives up, and does nothing', async () => {
    const { apiKey, baseUrl, faults, ...emulator } = await startTestEmulator()
    const hasty = createApiClient({ apiKey, baseURL: baseUrl, timeout: 100 })
    faults.next({ fault: 'hang' })
    const create = hasty.createProject({ project: { pg_version: 18 } })
    await expect(create).rejects.toMatchObject({ code: 'ECONNABORTED' })
    expect((await emulator.client.listProjects({})).data.projects).toEqual([])
  })
})

describe('faults of operations', () => {
  test('one that fails for good leaves its work undone, and the project free', async () => {
    const { client, faults, settled, ...emulator } = await startTestEmulator()
    const { id, branchId } = await emulator.createProject('a')
    faults.failOperation({ action: 'create_branch', how: 'stays' })
    const { data } = await client.createProjectBranch(id, { branch: { name: 'b' } })
    await settled()
    const [operation] = data.operations
    const seen = await client.getProjectOperation(id, operation?.id ?? '')
    expect(seen.data.operation).toMatchObject({ status: 'error', failures_count: 3, error: expect.any(String) })
    expect((await client.getProjectBranch(id, data.branch.id)).data.branch.current_state).toBe('init')
    const child = client.createProjectBranch(id, { branch: { parent_id: data.branch.id } })
    expect(await answerOf(child)).toMatchObject({ status: 422, message: 'branch not ready yet' })
    await client.updateProjectBranch(id, branchId, { branch: { name: 'trunk' } })
  })

  test('a mutation meets 423 while Neon looks after the project', async () => {
    const { client, clock, faults, settled, ...emulator } = await startTestEmulator()
    const { id, branchId } = await emulator.createProject('a')
    faults.slowOperation(60_000, { action: 'check_availability' })
    faults.checkAvailability(id)
    const rename = () => client.updateProjectBranch(id, branchId, { branch: { name: 'b' } })
    expect(await answerOf(rename())).toMatchObject({ status: 423 })
    const { data } = await client.listProjectOperations({ projectId: id, limit: 1 })
    expect(data.operations).toMatchObject([{ action: 'check_availability' }])
    expect((await client.getProjectBranch(id, branchId)).status).toBe(200)
    await expect
      .poll(async () => (await client.listProjectOperations({ projectId: id, limit: 1 })).data.operations[0]?.status)
      .toBe('running')
    await clock.advance(61_000)
    await settled()
    expect((await rename()).status).toBe(200)
  })
})

describe('faults of computes', () => {
  test('refuse with a text, end sessions, and never wake', async () => {
    const { faults, ...emulator } = await startTestEmulator()
    const { uri, endpointId } = await emulator.createProject('a')
    faults.refuse('Control plane request failed', { times: 1, endpointId })
    await expect(connect(uri)).rejects.toMatchObject({ code: 'XX000', message: 'Control plane request failed' })
    await connect(uri)
    const session = await openClient(parseConnectionString(uri), { applicationName: 'test' })
    const ended = new Promise<unknown>((resolve) => session.on('error', resolve))
    await faults.cut({ endpointId })
    expect(await ended).toMatchObject({ code: '57P01' })
    await closeClient(session)
    faults.neverWakes(true)
    const hasty = { applicationName: 'test', timeout: 200 }
    await expect(openClient(parseConnectionString(uri), hasty)).rejects.toThrow()
    faults.neverWakes(false)
    await connect(uri)
  })
})

describe('the rate', () => {
  test('is limited where a test asks for it, in the minute and for each route in the second', async () => {
    const { client, calls } = await startTestEmulator({ enforceRateLimit: { perSecond: 3, perMinute: 1000 } })
    const statuses = await Promise.all(
      Array.from({ length: 5 }, () =>
        client.getAuthDetails().then(
          ({ status }) => status,
          () => 429,
        ),
      ),
    )
    expect(statuses.filter((it) => it === 429).length).toBe(2)
    expect(calls.greatestPerSecond).toBe(5)
    expect(calls.count('getAuthDetails')).toBe(5)
  })
})

describe('what is not emulated', () => {
  test('every other operation of the specification is refused by name', async () => {
    const { baseUrl, apiKey, takeViolations } = await startTestEmulator()
    const headers = { authorization: `Bearer ${apiKey}` }
    const answers = await Promise.all(
      neonSpecification().calls.map(async ({ call, method, route }) => {
        const path = route.replaceAll(/\{[^}]*\}/g, 'a')
        const response = await fetch(baseUrl + path, { method, headers })
        return { call, status: response.status, body: (await response.text()) || '{}' }
      }),
    )
    const refused = answers.filter((it) => it.status === 501)
    for (const { call, body } of refused) expect(JSON.parse(body).message).toBe(`emulator: ${call} is not emulated`)
    expect(
      answers
        .filter((it) => it.status !== 501)
        .map((it) => it.call)
        .toSorted(),
    ).toEqual(EMULATED.toSorted())
    // An empty body is none that these may have.
    expect(takeViolations().map((it) => it.call)).toEqual(['createProject'])
  })

  test('an unknown key of a body is refused, and recorded', async () => {
    const { baseUrl, apiKey, takeViolations } = await startTestEmulator()
    const response = await fetch(`${baseUrl}/projects`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}` },
      body: JSON.stringify({ project: { pg_version: 18, nmae: 'a' } }),
    })
    expect(response.status).toBe(400)
    expect(takeViolations()).toEqual([
      { call: 'createProject', part: 'request', problems: [expect.stringContaining('nmae')] },
    ])
  })
})

const EMULATED = [
  'createProject',
  'listProjects',
  'getProject',
  'updateProject',
  'deleteProject',
  'getConnectionUri',
  'createProjectBranch',
  'listProjectBranches',
  'getProjectBranch',
  'updateProjectBranch',
  'deleteProjectBranch',
  'restoreProjectBranch',
  'getProjectOperation',
  'listProjectOperations',
  'createProjectEndpoint',
  'listProjectEndpoints',
  'listProjectBranchEndpoints',
  'getProjectEndpoint',
  'deleteProjectEndpoint',
  'suspendProjectEndpoint',
  'startProjectEndpoint',
  'restartProjectEndpoint',
  'listProjectBranchRoles',
  'getProjectBranchRole',
  'listProjectBranchDatabases',
  'resetProjectBranchRolePassword',
  'getProjectBranchRolePassword',
  'getAuthDetails',
  'getOrganization',
  'getActiveRegions',
]
