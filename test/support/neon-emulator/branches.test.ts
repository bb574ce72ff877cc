import { EndpointType } from '@neondatabase/api-client'
import { beforeEach, describe, expect, test } from 'vitest'
import { closeClient, openClient, withClient } from '../../../src/postgres/connect.ts'
import { parseConnectionString } from '../../../src/postgres/connection-string.ts'
import { answerOf } from './api-answer.ts'
import { startTestEmulator, type TestEmulator, type TestProject, whyNoEmulator } from './test-emulator.ts'

const HOUR = 60 * 60 * 1000
const DAY = 24 * HOUR
const COMPUTE = [{ type: EndpointType.ReadWrite }]

beforeEach(async ({ skip }) => {
  const reason = await whyNoEmulator()
  skip(reason !== undefined, reason)
})

function query<T extends object = object>(uri: string, text: string): Promise<T[]> {
  return withClient(parseConnectionString(uri), { applicationName: 'test' }, async (client) => {
    return (await client.query<T>(text)).rows
  })
}

const idsIn = async (uri: string) =>
  (await query<{ id: number }>(uri, 'select id from items order by id')).map((it) => it.id)

async function setup(options: Parameters<typeof startTestEmulator>[0] = {}) {
  const emulator = await startTestEmulator(options)
  const project = await emulator.createProject('a')
  await query(project.uri, 'create table items (id int); insert into items values (1)')
  return { emulator, project, ...actions(emulator, project) }
}

function actions({ client, settled }: TestEmulator, { id, branchId }: TestProject) {
  const branch = async (name: string, more: object = {}, rest: object = {}) => {
    const { data } = await client.createProjectBranch(id, { branch: { name, ...more }, ...rest })
    await settled(id)
    return { id: data.branch.id, uri: data.connection_uris?.[0]?.connection_uri ?? '', data }
  }
  const restore = async (target: string, source: string, more: object = {}) => {
    const { data } = await client.restoreProjectBranch(id, target, { source_branch_id: source, ...more })
    await settled(id)
    return data
  }
  const get = async (it: string) => (await client.getProjectBranch(id, it)).data.branch
  return { branch, restore, get, main: branchId }
}

describe('a branch', () => {
  test('at the head with a compute has its parent’s rows, roles and passwords, and a life of its own', async () => {
    const { project, branch, get } = await setup()
    const { id, uri, data } = await branch('try', {}, { endpoints: COMPUTE })
    expect(data.operations.map((it) => it.action)).toEqual(['create_branch', 'start_compute'])
    await query(uri, 'insert into items values (2)')
    expect(await idsIn(uri)).toEqual([1, 2])
    expect(await idsIn(project.uri)).toEqual([1])
    expect(await get(id)).toMatchObject({ parent_id: project.branchId, parent_lsn: expect.stringMatching(/\//) })
  })

  test('without a compute has no connection string; asked for one later it shows what was when it was made', async () => {
    const { emulator, project, branch } = await setup()
    const marker = await branch('marker')
    expect(marker.data.connection_uris).toBeUndefined()
    await query(project.uri, 'insert into items values (2)')
    const uri = {
      projectId: project.id,
      branch_id: marker.id,
      database_name: 'neondb',
      role_name: 'neondb_owner',
    }
    expect(await answerOf(emulator.client.getConnectionUri(uri))).toMatchObject({ status: 404 })
    const endpoint = { branch_id: marker.id, type: EndpointType.ReadWrite }
    await emulator.client.createProjectEndpoint(project.id, { endpoint })
    await emulator.settled()
    expect(await idsIn((await emulator.client.getConnectionUri(uri)).data.uri)).toEqual([1])
    expect(await answerOf(emulator.client.createProjectEndpoint(project.id, { endpoint }))).toMatchObject({
      status: 422,
    })
    for (const wrong of [{ role_name: 'x' }, { database_name: 'x' }]) {
      expect(await answerOf(emulator.client.getConnectionUri({ ...uri, ...wrong }))).toMatchObject({ status: 404 })
    }
  })

  test('at a position after which nothing was written is made there; at one that is overwritten it is refused', async () => {
    const { emulator, project, branch } = await setup()
    const [before] = await query<{ lsn: string }>(project.uri, 'select pg_current_wal_flush_lsn() as lsn')
    await query(project.uri, 'insert into items values (2)')
    const [after] = await query<{ lsn: string }>(project.uri, 'select pg_current_wal_flush_lsn() as lsn')
    expect((await branch('good', { parent_lsn: after?.lsn })).data.branch.parent_lsn).toBe(after?.lsn)
    const bad = emulator.client.createProjectBranch(project.id, { branch: { parent_lsn: before?.lsn ?? '' } })
    expect(await answerOf(bad)).toMatchObject({ status: 501, message: expect.stringMatching(/^emulator: .*written/) })
  })

  test('at a timestamp is the last copy before it', async () => {
    const { emulator, project, branch, get } = await setup()
    const lsn = await emulator.mark(project.id)
    await emulator.clock.advance(HOUR)
    const { id } = await branch('then', { parent_timestamp: emulator.inFuture(-1000) })
    expect((await get(id)).parent_lsn).toBe(lsn)
  })

  test('expires by the clock, at most thirty days on, and never as default, protected or parent', async () => {
    const { emulator, project, branch, main } = await setup()
    const { client, clock, inFuture } = emulator
    const { id } = await branch('marker', { expires_at: inFuture(DAY) })
    const change = (branchId: string, change: object) =>
      answerOf(client.updateProjectBranch(project.id, branchId, { branch: change }))
    expect(await change(main, { expires_at: inFuture(DAY) })).toMatchObject({ status: 422 })
    expect(await change(id, { expires_at: inFuture(31 * DAY) })).toMatchObject({ status: 422 })
    expect(await change(id, { expires_at: inFuture(-1000) })).toMatchObject({ status: 422 })
    expect(await change(id, { protected: true })).toMatchObject({ status: 422 })
    const child = client.createProjectBranch(project.id, { branch: { parent_id: id } })
    expect(await answerOf(child)).toMatchObject({ status: 422, message: expect.stringMatching(/cannot have children/) })
    const kept = await branch('kept', { expires_at: inFuture(DAY) })
    await client.updateProjectBranch(project.id, kept.id, { branch: { expires_at: null } })
    await clock.advance(DAY + 1000)
    const { data } = await client.listProjectBranches({ projectId: project.id })
    expect(data.branches.map((it) => it.name).toSorted()).toEqual(['kept', 'main'])
  })

  test('has a name that no other has, and the plan counts it', async () => {
    const { emulator, project, branch } = await setup({ limits: { branches: 2, protectedBranches: 1 } })
    await branch('b')
    const create = (name: string) => answerOf(emulator.client.createProjectBranch(project.id, { branch: { name } }))
    expect(await create('b')).toMatchObject({
      status: 409,
      code: 'BRANCH_ALREADY_EXISTS',
      message: 'branch already exists; branch_name:"b"',
    })
    expect(await create('c')).toMatchObject({ status: 422, code: 'BRANCHES_LIMIT_EXCEEDED' })
  })

  test('is deleted once, and again without complaint; the default, the protected and parents are not', async () => {
    const { emulator, project, branch, main } = await setup()
    const { client, settled } = emulator
    const remove = (branchId: string) => client.deleteProjectBranch({ projectId: project.id, branchId })
    const { id } = await branch('b', {}, { endpoints: COMPUTE })
    await branch('c', { parent_id: id })
    expect(await answerOf(remove(id))).toMatchObject({ status: 422, message: 'cannot delete branch that has children' })
    expect(await answerOf(remove(main))).toMatchObject({ status: 422 })
    const leaf = await branch('leaf', { protected: true })
    expect(await answerOf(remove(leaf.id))).toMatchObject({ status: 422, message: 'cannot delete protected branch' })
    await client.updateProjectBranch(project.id, leaf.id, { branch: { protected: false } })
    expect((await remove(leaf.id)).status).toBe(200)
    await settled()
    expect((await remove(leaf.id)).status).toBe(204)
  })

  test('is listed in pages with its annotation', async () => {
    const { emulator, project, branch } = await setup()
    const { id } = await branch('b', {}, { annotation_value: { fleet: 'f' } })
    const query = { projectId: project.id, sort_by: 'name', sort_order: 'asc', limit: 1 } as const
    const first = (await emulator.client.listProjectBranches(query)).data
    expect(first.annotations[id]).toMatchObject({ value: { fleet: 'f' } })
    const second = await emulator.client.listProjectBranches({ ...query, cursor: first.pagination?.next ?? '' })
    expect(second.data.branches.map((it) => it.name)).toEqual(['main'])
    expect(second.data.pagination?.next).toBeUndefined()
  })
})

describe('a restore', () => {
  test('ends the sessions, keeps endpoint and id, and leads to the new data only when its operations are done', async () => {
    const { emulator, project, restore, main } = await setup({ operationMs: 50 })
    const lsn = await emulator.mark(project.id)
    await query(project.uri, 'insert into items values (2)')
    const session = await openClient(parseConnectionString(project.uri), { applicationName: 'test' })
    const ended = new Promise<unknown>((resolve) => session.on('error', resolve))
    emulator.faults.slowOperation(HOUR, { action: 'create_branch' })
    const answer = emulator.client.restoreProjectBranch(project.id, main, {
      source_branch_id: main,
      source_lsn: lsn,
      preserve_under_name: 'undo',
    })
    expect((await answer).data.branch).toMatchObject({ id: main, current_state: 'resetting', pending_state: 'ready' })
    expect((await session.query('select id from items order by id')).rows).toHaveLength(2)
    await expect
      .poll(async () => (await emulator.client.listProjectOperations({ projectId: project.id })).data.operations)
      .toSatisfy((operations: { status: string }[]) => operations.some((it) => it.status === 'running'))
    await emulator.clock.advance(HOUR)
    expect(await ended).toMatchObject({ code: '57P01' })
    await closeClient(session)
    await emulator.settled()
    expect(await idsIn(project.uri)).toEqual([1])
    // Once more to the same point: each preserved root takes a slot.
    await restore(main, main, { source_lsn: lsn, preserve_under_name: 'undo 2' })
    expect(await idsIn(project.uri)).toEqual([1])
  })

  test('takes a position that a mark shows to be the same, before it or after it', async () => {
    const { emulator, project, branch, restore, main } = await setup()
    await emulator.mark(project.id)
    const [at] = await query<{ lsn: string }>(project.uri, 'select pg_current_wal_flush_lsn() as lsn')
    await query(project.uri, 'insert into items values (2)')
    const [next] = await query<{ lsn: string }>(project.uri, 'select pg_current_wal_flush_lsn() as lsn')
    await emulator.mark(project.id)
    await query(project.uri, 'insert into items values (3)')
    await branch('first', { parent_lsn: at?.lsn })
    await restore(main, main, { source_lsn: next?.lsn, preserve_under_name: 'undo' })
    expect(await idsIn(project.uri)).toEqual([1, 2])
  })

  test('of a child to a point is refused; to the head of its backup it takes its place', async () => {
    const { emulator, project, branch, restore, get, main } = await setup()
    const dev = await branch('dev', {}, { endpoints: COMPUTE })
    const backup = await branch('backup', { parent_id: dev.id })
    await query(dev.uri, 'insert into items values (9)')
    const lsn = (await get(backup.id)).parent_lsn ?? ''
    const toPoint = emulator.client.restoreProjectBranch(project.id, dev.id, {
      source_branch_id: dev.id,
      source_lsn: lsn,
      preserve_under_name: 'x',
    })
    expect(await answerOf(toPoint)).toMatchObject({ status: 422 })
    await restore(dev.id, backup.id, { preserve_under_name: 'dev_old' })
    expect(await idsIn(dev.uri)).toEqual([1])
    const { data } = await emulator.client.listProjectBranches({ projectId: project.id })
    const old = data.branches.find((it) => it.name === 'dev_old')
    expect([old?.parent_id, (await get(backup.id)).parent_id, (await get(dev.id)).parent_id]).toEqual([
      main,
      old?.id,
      backup.id,
    ])
  })

  test('needs a slot for the root that it preserves, a name, and no protection', async () => {
    const { emulator, project, restore, main } = await setup({ limits: { rootBranches: 2 } })
    const lsn = await emulator.mark(project.id)
    const request = { source_branch_id: main, source_lsn: lsn }
    const attempt = (more: object = {}) =>
      answerOf(emulator.client.restoreProjectBranch(project.id, main, { ...request, ...more }))
    expect(await attempt()).toMatchObject({
      status: 422,
      message: expect.stringMatching(/preserve_under_name is required$/),
    })
    await emulator.client.updateProjectBranch(project.id, main, { branch: { protected: true } })
    expect(await attempt({ preserve_under_name: 'a' })).toMatchObject({ message: 'cannot reset protected branch' })
    await emulator.client.updateProjectBranch(project.id, main, { branch: { protected: false } })
    await restore(main, main, { source_lsn: lsn, preserve_under_name: 'a' })
    expect(await attempt({ preserve_under_name: 'a' })).toMatchObject({ status: 409 })
    expect(await attempt({ preserve_under_name: 'b' })).toMatchObject({ code: 'ROOT_BRANCHES_LIMIT_EXCEEDED' })
  })

  test('goes no further back than the history window', async () => {
    const { emulator, project, main } = await setup()
    const lsn = await emulator.mark(project.id)
    await emulator.clock.advance(DAY + 1000)
    const answer = await answerOf(
      emulator.client.restoreProjectBranch(project.id, main, {
        source_branch_id: main,
        source_lsn: lsn,
        preserve_under_name: 'x',
      }),
    )
    expect(answer).toMatchObject({ status: 422, message: expect.stringMatching(/outside of the history/) })
  })
})

describe('roles', () => {
  test('a reset gives the branch a password of its own, and what it owns stays its own', async () => {
    const { emulator, project, branch } = await setup()
    const { client, settled } = emulator
    const tenant = await branch('tenant', {}, { endpoints: COMPUTE })
    const { data } = await client.resetProjectBranchRolePassword(project.id, tenant.id, 'neondb_owner')
    await settled()
    const password = data.role.password ?? ''
    await expect(query(tenant.uri, 'select 1')).rejects.toMatchObject({ cause: { code: '28P01' } })
    const { data: fresh } = await client.getConnectionUri({
      projectId: project.id,
      branch_id: tenant.id,
      database_name: 'neondb',
      role_name: 'neondb_owner',
    })
    expect(fresh.uri).toContain(password)
    await query(fresh.uri, 'alter table items add note text; create table more (id int)')
    expect(await idsIn(project.uri)).toEqual([1])
    const revealed = await client.getProjectBranchRolePassword(project.id, tenant.id, 'neondb_owner')
    expect(revealed.data.password).toBe(password)
    // Its children inherit the new one.
    const child = await branch('child', { parent_id: tenant.id }, { endpoints: COMPUTE })
    await query(child.uri, 'drop table more')
  })

  test('a password that is not stored is not told', async () => {
    const { client, settled } = await startTestEmulator()
    const { data } = await client.createProject({ project: { pg_version: 18, store_passwords: false } })
    await settled()
    const reveal = client.getProjectBranchRolePassword(data.project.id, data.branch.id, 'neondb_owner')
    expect(await answerOf(reveal)).toMatchObject({ status: 412 })
  })
})

describe('computes', () => {
  test('sleep when they are told to, and wake by a connection, by a start or by a restart', async () => {
    const { emulator, project } = await setup()
    const { client, settled } = emulator
    const state = async () =>
      (await client.getProjectEndpoint(project.id, project.endpointId)).data.endpoint.current_state
    const { data } = await client.suspendProjectEndpoint(project.id, project.endpointId)
    expect(data.operations).toMatchObject([{ action: 'suspend_compute', endpoint_id: project.endpointId }])
    await settled()
    expect(await state()).toBe('idle')
    expect(await idsIn(project.uri)).toEqual([1])
    await settled()
    expect(await state()).toBe('active')
    await client.suspendProjectEndpoint(project.id, project.endpointId)
    await settled()
    await client.startProjectEndpoint(project.id, project.endpointId)
    await settled()
    expect(await state()).toBe('active')
    await client.restartProjectEndpoint(project.id, project.endpointId)
    await settled()
    expect(await state()).toBe('active')
    await client.deleteProjectEndpoint(project.id, project.endpointId)
    await settled()
    expect((await client.listProjectBranchEndpoints(project.id, project.branchId)).data.endpoints).toEqual([])
  })

  test('only so many of other branches than the default run at once', async () => {
    const { emulator, project, branch } = await setup({ limits: { activeEndpoints: 1 } })
    const { client, settled } = emulator
    const one = await branch('one', {}, { endpoints: COMPUTE })
    const more = client.createProjectBranch(project.id, { branch: { name: 'two' }, endpoints: COMPUTE })
    expect(await answerOf(more)).toMatchObject({ code: 'ACTIVE_ENDPOINTS_LIMIT_EXCEEDED' })
    const [first] = one.data.endpoints
    await client.suspendProjectEndpoint(project.id, first?.id ?? '')
    await settled()
    const two = await branch('two', {}, { endpoints: COMPUTE })
    expect(await idsIn(two.uri)).toEqual([1])
    await expect(query(one.uri, 'select 1')).rejects.toThrow(/limit of concurrently active endpoints/)
    await client.deleteProjectBranch({ projectId: project.id, branchId: two.id })
    await settled()
    expect(await idsIn(one.uri)).toEqual([1])
  })
})
