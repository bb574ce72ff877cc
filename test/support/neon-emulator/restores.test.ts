import { beforeEach, describe, expect, test } from 'vitest'
import { closeClient, openClient } from '../../../src/postgres/connect.ts'
import { parseConnectionString } from '../../../src/postgres/connection-string.ts'
import { answerOf } from './api-answer.ts'
import { COMPUTE, idsIn, query, setupBranches } from './test-branches.ts'
import { needsEmulator } from './test-emulator.ts'

const HOUR = 60 * 60 * 1000
const DAY = 24 * HOUR

beforeEach(needsEmulator)

describe('a restore', () => {
  test('ends the sessions, keeps endpoint and id, and leads to the new data only when its operations are done', async () => {
    const { emulator, project, restore, main } = await setupBranches({ operationMs: 50 })
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
    const { emulator, project, branch, restore, main } = await setupBranches()
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
    const { emulator, project, branch, restore, get, main } = await setupBranches()
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
    const { emulator, project, restore, main } = await setupBranches({ limits: { rootBranches: 2 } })
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
    const { emulator, project, main } = await setupBranches()
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
