import { EndpointType } from '@neondatabase/api-client'
import { beforeEach, describe, expect, test } from 'vitest'
import { withClient } from '../../../src/postgres/connect.ts'
import { parseConnectionString } from '../../../src/postgres/connection-string.ts'
import { needsEmulator, startTestEmulator } from './test-emulator.ts'

const ONE_HOUR = 60 * 60 * 1000

beforeEach(needsEmulator)

async function rowsOf(uri: string): Promise<readonly number[]> {
  const { rows } = await sql<{ id: number }>(uri, 'select id from items order by id')
  return rows.map((it) => it.id)
}

function sql<T extends object = object>(uri: string, query: string) {
  return withClient(parseConnectionString(uri), { applicationName: 'test' }, (client) => client.query<T>(query))
}

describe('the story of a tenant', () => {
  test('it is created, written, marked by a branch, written on, and restored to its own history', async () => {
    const emulator = await startTestEmulator()
    const { client } = emulator
    const project = await emulator.createProject('story')
    await sql(project.uri, 'create table items (id int); insert into items values (1), (2)')
    const lsn = (await sql<{ lsn: string }>(project.uri, 'select pg_current_wal_flush_lsn() as lsn')).rows[0]?.lsn ?? ''

    const marker = await client.createProjectBranch(project.id, {
      branch: {
        parent_id: project.branchId,
        parent_lsn: lsn,
        name: 'fleet/rp/1',
        expires_at: emulator.inFuture(24 * ONE_HOUR),
      },
      annotation_value: { fleet: 'test' },
    })
    await emulator.settled(project.id)
    expect(marker.data.branch).toMatchObject({ parent_lsn: lsn, current_state: 'init' })
    expect(marker.data.endpoints).toEqual([])
    const seen = await client.getProjectBranch(project.id, marker.data.branch.id)
    expect(seen.data).toMatchObject({
      branch: { current_state: 'ready', parent_lsn: lsn },
      annotation: { value: { fleet: 'test' } },
    })

    await sql(project.uri, 'insert into items values (3); delete from items where id = 1')
    const restored = await client.restoreProjectBranch(project.id, project.branchId, {
      source_branch_id: project.branchId,
      source_lsn: lsn,
      preserve_under_name: 'fleet/undo/1',
    })
    await emulator.settled(project.id)
    expect(restored.data.branch.id).toBe(project.branchId)
    expect(await rowsOf(project.uri)).toEqual([1, 2])

    const { data } = await client.listProjectBranches({ projectId: project.id, sort_by: 'name', sort_order: 'asc' })
    expect(data.branches.map((it) => [it.name, it.parent_id])).toEqual([
      ['fleet/rp/1', data.branches.find((it) => it.name === 'fleet/undo/1')?.id],
      ['fleet/undo/1', undefined],
      ['main', undefined],
    ])
    const kept = data.branches.find((it) => it.name === 'fleet/undo/1')?.id ?? ''
    // What was written after the point is in the preserved branch.
    const { data: look } = await client.createProjectEndpoint(project.id, {
      endpoint: { branch_id: kept, type: EndpointType.ReadWrite },
    })
    await emulator.settled(project.id)
    const old = await client.getConnectionUri({
      projectId: project.id,
      endpoint_id: look.endpoint.id,
      database_name: 'neondb',
      role_name: 'neondb_owner',
    })
    expect(await rowsOf(old.data.uri)).toEqual([2, 3])

    await expect(client.deleteProjectBranch({ projectId: project.id, branchId: kept })).rejects.toMatchObject({
      response: { status: 422, data: { message: 'cannot delete branch that has children' } },
    })
    await client.deleteProjectBranch({ projectId: project.id, branchId: marker.data.branch.id })
    await emulator.settled(project.id)
    await client.deleteProjectBranch({ projectId: project.id, branchId: kept })
    await emulator.settled(project.id)
    expect(await rowsOf(project.uri)).toEqual([1, 2])
    await client.deleteProject(project.id)
    await expect(client.getProject(project.id)).rejects.toMatchObject({ response: { status: 404 } })
  })
})
