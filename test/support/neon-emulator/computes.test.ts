import { beforeEach, describe, expect, test } from 'vitest'
import { answerOf } from './api-answer.ts'
import { COMPUTE, idsIn, query, setupBranches } from './test-branches.ts'
import { needsEmulator, startTestEmulator } from './test-emulator.ts'

beforeEach(needsEmulator)

describe('roles', () => {
  test('a reset gives the branch a password of its own, and what it owns stays its own', async () => {
    const { emulator, project, branch } = await setupBranches()
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
  test('are not suspended while somebody wakes them', async () => {
    const { emulator, project } = await setupBranches()
    const { client, settled, faults } = emulator
    await client.suspendProjectEndpoint(project.id, project.endpointId)
    await settled()
    faults.slowOperation(60_000, { action: 'start_compute' })
    expect(await idsIn(project.uri)).toEqual([1])
    for (const change of [client.suspendProjectEndpoint, client.restartProjectEndpoint])
      await expect(change(project.id, project.endpointId)).rejects.toMatchObject({
        response: { status: 423, data: { message: expect.stringContaining('transitive state') } },
      })
    await emulator.clock.advance(60_000)
    await settled()
    expect((await client.suspendProjectEndpoint(project.id, project.endpointId)).status).toBe(200)
  })

  test('sleep when they are told to, and wake by a connection, by a start or by a restart', async () => {
    const { emulator, project } = await setupBranches()
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

  test('have a pooled twin, which follows a restore and sleeps with them', async () => {
    const { emulator, project, restore, main } = await setupBranches()
    const { data } = await emulator.client.getConnectionUri({
      projectId: project.id,
      database_name: 'neondb',
      role_name: 'neondb_owner',
      pooled: true,
    })
    expect(data.uri).not.toBe(project.uri)
    const lsn = await emulator.mark(project.id)
    await query(data.uri, 'insert into items values (2)')
    expect(await idsIn(data.uri)).toEqual([1, 2])
    await restore(main, main, { source_lsn: lsn, preserve_under_name: 'undo' })
    expect(await idsIn(data.uri)).toEqual([1])
    await emulator.client.suspendProjectEndpoint(project.id, project.endpointId)
    await emulator.settled()
    expect(await idsIn(data.uri)).toEqual([1])
  })

  test('only so many of other branches than the default run at once', async () => {
    const { emulator, project, branch } = await setupBranches({ limits: { activeEndpoints: 1 } })
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
