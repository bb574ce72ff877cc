import { createApiClient } from '@neondatabase/api-client'
import { beforeEach, describe, expect, test } from 'vitest'
import { answerOf } from './api-answer.ts'
import { needsEmulator, startTestEmulator } from './test-emulator.ts'

const HOUR = 60 * 60 * 1000
const DAY = 24 * HOUR

beforeEach(needsEmulator)

describe('creating a project', () => {
  test('the answer has all that is needed, and the same name may be given twice', async () => {
    const { client, settled } = await startTestEmulator()
    const project = {
      name: 'fleet/a/b/c/db',
      pg_version: 18,
      history_retention_seconds: 3600,
      default_endpoint_settings: { autoscaling_limit_min_cu: 0.25, autoscaling_limit_max_cu: 1 },
      branch: { name: 'trunk', role_name: 'boss', database_name: 'work', annotations: { fleet: 'a' } },
    }
    const { data } = await client.createProject({ project })
    expect(data.project).toMatchObject({ name: project.name, history_retention_seconds: 3600, pg_version: 18 })
    expect(data.branch).toMatchObject({ name: 'trunk', default: true, current_state: 'init' })
    expect(data.branch.parent_id).toBeUndefined()
    expect(data.endpoints).toMatchObject([
      { autoscaling_limit_max_cu: 1, current_state: 'init', branch_id: data.branch.id },
    ])
    expect(data.roles).toMatchObject([{ name: 'boss' }])
    expect(data.databases).toMatchObject([{ name: 'work', owner_name: 'boss' }])
    expect(data.operations.map((it) => it.action)).toEqual(['create_timeline', 'start_compute'])
    expect(data.connection_uris[0]?.connection_uri).toMatch(
      /^postgresql:\/\/boss:npg_\w+@127\.0\.0\.1:\d+\/work\?sslmode=disable$/,
    )
    const twin = await client.createProject({ project })
    expect(twin.data.project.id).not.toBe(data.project.id)
    await settled()
    const seen = await client.getProjectBranch(data.project.id, data.branch.id)
    expect(seen.data).toMatchObject({ annotation: { value: { fleet: 'a' } }, branch: { current_state: 'ready' } })
  })

  test('what the plan does not allow is refused', async () => {
    const { client } = await startTestEmulator({ plan: 'free', limits: { projects: 1 } })
    const create = (project: object) => answerOf(client.createProject({ project: { pg_version: 18, ...project } }))
    expect(await create({ history_retention_seconds: 86_400 })).toMatchObject({
      message: 'requested history retention seconds exceeds allowed maximum',
    })
    expect(await create({ default_endpoint_settings: { suspend_timeout_seconds: 60 } })).toMatchObject({
      status: 412,
      message: 'suspend interval is too short for your plan',
    })
    await client.createProject({ project: { pg_version: 18 } })
    expect(await create({})).toMatchObject({ code: 'PROJECTS_LIMIT_EXCEEDED' })
  })

  test('what the emulator cannot do it does not pretend to', async () => {
    const { client } = await startTestEmulator()
    for (const project of [{ pg_version: 17 }, {}, { pg_version: 18, settings: { hipaa: true } }]) {
      expect(await answerOf(client.createProject({ project }))).toMatchObject({
        status: 501,
        message: expect.stringMatching(/^emulator: /),
      })
    }
  })

  test("a person's key names the organisation, and nobody another one", async () => {
    const person = await startTestEmulator({ accountKind: 'user', orgId: 'org-here' })
    const project = { pg_version: 18 }
    expect(await answerOf(person.client.createProject({ project }))).toMatchObject({
      status: 400,
      message: 'org_id is required',
    })
    expect(await answerOf(person.client.listProjects({}))).toMatchObject({ status: 400 })
    expect((await person.client.createProject({ project: { ...project, org_id: 'org-here' } })).status).toBe(201)
    expect(await answerOf(person.client.createProject({ project: { ...project, org_id: 'org-b' } }))).toMatchObject({
      status: 403,
    })
    expect((await person.client.getAuthDetails()).data).toMatchObject({ auth_method: 'api_key_user' })
    expect((await person.client.getOrganization('org-here')).data).toMatchObject({ plan: 'scale' })
    expect(await answerOf(person.client.getOrganization('org-b'))).toMatchObject({ status: 404 })
  })
})

describe('lists of projects', () => {
  test('are read page by page, ten unless told otherwise, by a part of name or id', async () => {
    const emulator = await startTestEmulator()
    const { client } = emulator
    emulator.addHollowProjects(Array.from({ length: 25 }, (_, at) => ({ name: `fleet/x/${at % 5}/${at}/db` })))
    expect((await client.listProjects({})).data.projects).toHaveLength(10)
    const names: string[] = []
    let cursor: string | undefined
    for (;;) {
      const { data } = await client.listProjects({ limit: 3, search: '/x/4/', ...(cursor ? { cursor } : {}) })
      names.push(...data.projects.map((it) => it.name))
      cursor = data.pagination?.cursor
      if (data.projects.length < 3) break
    }
    expect(names).toEqual([4, 9, 14, 19, 24].map((at) => `fleet/x/4/${at}/db`))
    const [first] = (await client.listProjects({ limit: 1 })).data.projects
    const byId = await client.listProjects({ search: first?.id ?? '' })
    expect(byId.data.projects).toHaveLength(1)
    expect(await answerOf(client.listProjectBranches({ projectId: first?.id ?? '' }))).toMatchObject({ status: 501 })
  })

  test('say which projects they leave out', async () => {
    const emulator = await startTestEmulator()
    const { client } = emulator
    emulator.addHollowProjects([{ name: 'a' }, { name: 'b' }])
    const [a] = (await client.listProjects({})).data.projects
    emulator.faults.listOmits([a?.id ?? ''])
    const { data } = await client.listProjects({})
    expect(data.projects.map((it) => it.name)).toEqual(['b'])
    expect(data.unavailable_project_ids).toEqual([a?.id])
  })

  test('find a new project by search only after a while, if a test asks for that', async () => {
    const { client, clock, ...emulator } = await startTestEmulator({ searchLagMs: 30_000 })
    emulator.addHollowProjects([{ name: 'a' }])
    expect((await client.listProjects({})).data.projects).toHaveLength(1)
    expect((await client.listProjects({ search: 'a' })).data.projects).toEqual([])
    await clock.advance(30_000)
    expect((await client.listProjects({ search: 'a' })).data.projects).toHaveLength(1)
  })
})

describe('a project', () => {
  test('is changed within the plan', async () => {
    const { client, ...emulator } = await startTestEmulator({ plan: 'launch' })
    const { id } = await emulator.createProject('a')
    const { data } = await client.updateProject(id, { project: { name: 'b', history_retention_seconds: 604_800 } })
    expect(data.project).toMatchObject({ name: 'b', history_retention_seconds: 604_800 })
    const over = client.updateProject(id, { project: { history_retention_seconds: 604_801 } })
    expect(await answerOf(over)).toMatchObject({ message: expect.stringMatching(/exceeds allowed maximum/) })
  })

  test('is recoverable for seven days after it was deleted, and then gone', async () => {
    const { client, clock, ...emulator } = await startTestEmulator()
    const { id } = await emulator.createProject('a')
    await client.deleteProject(id)
    expect(await answerOf(client.getProject(id))).toMatchObject({ status: 404 })
    expect(await answerOf(client.deleteProject(id))).toMatchObject({ status: 404 })
    expect((await client.listProjects({})).data.projects).toEqual([])
    const listed = async () => (await client.listProjects({ recoverable: true })).data.projects
    expect(await listed()).toMatchObject([{ id, recoverable_until: expect.any(String) }])
    await clock.advance(7 * DAY)
    expect(await listed()).toEqual([])
  })

  test('is not deleted while a branch of it is protected', async () => {
    const { client, ...emulator } = await startTestEmulator()
    const { id, branchId } = await emulator.createProject('a')
    await client.updateProjectBranch(id, branchId, { branch: { protected: true } })
    expect(await answerOf(client.deleteProject(id))).toMatchObject({ status: 422 })
  })
})

test('who has no key, a wrong one, or a malformed id is told so', async () => {
  const { client, baseUrl } = await startTestEmulator()
  const stranger = createApiClient({ apiKey: 'wrong', baseURL: baseUrl })
  expect(await answerOf(stranger.listProjects({}))).toMatchObject({ status: 401 })
  expect(await answerOf(client.getProject('Not_An_Id'))).toMatchObject({
    status: 404,
    message: 'this route does not exist',
  })
  const response = await fetch(`${baseUrl}/projects`, { headers: { 'x-request-id': 'mine' } })
  expect(await response.json()).toMatchObject({ request_id: 'mine', code: '' })
})
