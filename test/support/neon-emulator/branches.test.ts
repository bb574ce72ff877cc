import { EndpointType } from '@neondatabase/api-client'
import { beforeEach, describe, expect, test } from 'vitest'
import { closeClient, openClient } from '../../../src/postgres/connect.ts'
import { parseConnectionString } from '../../../src/postgres/connection-string.ts'
import { answerOf } from './api-answer.ts'
import { COMPUTE, idsIn, query, setupBranches } from './test-branches.ts'
import { needsEmulator } from './test-emulator.ts'

const HOUR = 60 * 60 * 1000
const DAY = 24 * HOUR

beforeEach(needsEmulator)

describe('a branch', () => {
  test('at the head with a compute has its parent’s rows, roles and passwords, and a life of its own', async () => {
    const { project, branch, get } = await setupBranches()
    const { id, uri, data } = await branch('try', {}, { endpoints: COMPUTE })
    expect(data.operations.map((it) => it.action)).toEqual(['create_branch', 'start_compute'])
    await query(uri, 'insert into items values (2)')
    expect(await idsIn(uri)).toEqual([1, 2])
    expect(await idsIn(project.uri)).toEqual([1])
    expect(await get(id)).toMatchObject({ parent_id: project.branchId, parent_lsn: expect.stringMatching(/\//) })
  })

  test('without a compute has no connection string; asked for one later it shows what was when it was made', async () => {
    const { emulator, project, branch } = await setupBranches()
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
    const { emulator, project, branch } = await setupBranches()
    const [before] = await query<{ lsn: string }>(project.uri, 'select pg_current_wal_flush_lsn() as lsn')
    await query(project.uri, 'insert into items values (2)')
    const [after] = await query<{ lsn: string }>(project.uri, 'select pg_current_wal_flush_lsn() as lsn')
    expect((await branch('good', { parent_lsn: after?.lsn })).data.branch.parent_lsn).toBe(after?.lsn)
    const bad = emulator.client.createProjectBranch(project.id, { branch: { parent_lsn: before?.lsn ?? '' } })
    expect(await answerOf(bad)).toMatchObject({ status: 501, message: expect.stringMatching(/^emulator: .*written/) })
  })

  test('at a timestamp is the last copy before it', async () => {
    const { emulator, project, branch, get } = await setupBranches()
    const lsn = await emulator.mark(project.id)
    await emulator.clock.advance(HOUR)
    const { id } = await branch('then', { parent_timestamp: emulator.inFuture(-1000) })
    expect((await get(id)).parent_lsn).toBe(lsn)
  })

  test('at the head of its parent says where that was when it is ready, not before', async () => {
    const { emulator, project, get } = await setupBranches()
    const { data } = await emulator.client.createProjectBranch(project.id, { branch: { name: 'b' } })
    expect(data.branch).toMatchObject({ current_state: 'init' })
    expect(data.branch.parent_lsn).toBeUndefined()
    await emulator.settled()
    expect(await get(data.branch.id)).toMatchObject({ current_state: 'ready', parent_lsn: expect.stringMatching(/\//) })
  })

  test('of a parent that is busy is made when the parent is at rest: the operation fails and is tried again', async () => {
    const { emulator, project } = await setupBranches()
    const session = await openClient(parseConnectionString(project.uri), { applicationName: 'test' })
    await session.query('begin; insert into items values (2)')
    const { data } = await emulator.client.createProjectBranch(project.id, { branch: { name: 'b' } })
    expect(data.branch.parent_lsn).toBeUndefined()
    await session.query('commit')
    await closeClient(session)
    await emulator.settled()
    const [operation] = data.operations
    const seen = await emulator.client.getProjectOperation(project.id, operation?.id ?? '')
    expect(seen.data.operation).toMatchObject({ status: 'finished', failures_count: 1 })
    const { data: branch } = await emulator.client.getProjectBranch(project.id, data.branch.id)
    expect(branch.branch.parent_lsn).toMatch(/\//)
  })

  test('expires by the clock, at most thirty days on, and never as default, protected or parent', async () => {
    const { emulator, project, branch, main } = await setupBranches()
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
    const { emulator, project, branch } = await setupBranches({ limits: { branches: 2, protectedBranches: 1 } })
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
    const { emulator, project, branch, main } = await setupBranches()
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
    const { emulator, project, branch } = await setupBranches()
    const { id } = await branch('b', {}, { annotation_value: { fleet: 'f' } })
    const query = { projectId: project.id, sort_by: 'name', sort_order: 'asc', limit: 1 } as const
    const first = (await emulator.client.listProjectBranches(query)).data
    expect(first.annotations[id]).toMatchObject({ value: { fleet: 'f' } })
    const second = await emulator.client.listProjectBranches({ ...query, cursor: first.pagination?.next ?? '' })
    expect(second.data.branches.map((it) => it.name)).toEqual(['main'])
    expect(second.data.pagination?.next).toBeUndefined()
  })
})
