import { describe, expect, test } from 'vitest'
import { FIRST, ids, SECOND, setupFleet } from '../support/fleet.ts'

describe('start again', () => {
  test('goes on with the same plan, refuses another one, and replaces it with supersede', async () => {
    const { fleet, create, migration, histories } = await setupFleet()
    await create(ids(3))
    await migration('0003_more', 'await sql`create table more ()`.execute(db)')
    const paused = await fleet.rollouts.start({ signal: AbortSignal.abort() })
    expect(paused).toMatchObject({ status: { id: 'r1', state: 'paused', pauseReason: 'interrupted' } })
    await expect(fleet.rollouts.start({ concurrency: 2 })).rejects.toMatchObject({ code: 'ROLLOUT_ACTIVE' })
    expect(await fleet.rollouts.start()).toMatchObject({ status: { id: 'r1', state: 'completed' } })

    await migration('0004_most', 'await sql`create table most ()`.execute(db)')
    await fleet.rollouts.start({ signal: AbortSignal.abort() })
    await migration('0005_last', 'await sql`create table last ()`.execute(db)')
    const replaced = await fleet.rollouts.start({ supersede: true })
    expect(replaced).toMatchObject({ status: { state: 'completed', target: '0005_last' } })
    expect((await fleet.rollouts.list()).map((it) => it.state)).toEqual(['completed', 'aborted', 'completed'])
    expect(Object.values(await histories(ids(3)))).toEqual(
      ids(3).map(() => [FIRST, SECOND, '0003_more', '0004_most', '0005_last']),
    )
  })

  test('with the digest of what is done already does nothing, as a pipeline may', async () => {
    const { fleet, create, migration } = await setupFleet()
    await create(ids(2))
    await migration('0003_more', 'await sql`create table more ()`.execute(db)')
    const { digest } = await fleet.rollouts.plan()
    expect(await fleet.rollouts.start({ digest })).toMatchObject({ status: { state: 'completed' } })
    expect(await fleet.rollouts.start({ digest })).toMatchObject({ kind: 'nothing-to-do' })
  })

  test('once aborted, a rollout takes no verb any more; an unknown one is named', async () => {
    const { fleet, create, migration } = await setupFleet()
    await create(ids(2))
    await migration('0003_more', 'await sql`create table more ()`.execute(db)')
    await fleet.rollouts.start({ signal: AbortSignal.abort() })
    const row = await fleet.rollouts.status()
    expect(row.pauseReason).toBe('interrupted')
    await fleet.rollouts.abort()
    expect(await fleet.rollouts.status()).toMatchObject({ state: 'aborted' })
    await expect(fleet.rollouts.pause()).rejects.toMatchObject({ code: 'INVALID_TRANSITION' })
    await expect(fleet.rollouts.resume('r1')).rejects.toMatchObject({ code: 'INVALID_TRANSITION' })
    await expect(fleet.rollouts.resume('r99')).rejects.toMatchObject({ code: 'ROLLOUT_UNKNOWN' })
  })

  test('refuses files that changed under a rollout', async () => {
    const { fleet, create, migration } = await setupFleet()
    await create(ids(2))
    await migration('0003_more', 'await sql`create table more ()`.execute(db)')
    await fleet.rollouts.start({ signal: AbortSignal.abort() })
    await migration('0003_more', 'await sql`create table other ()`.execute(db)')
    await expect(fleet.rollouts.resume()).rejects.toMatchObject({
      code: 'PLAN_CHANGED',
      message: 'Changed after the rollout was planned: migrations/0003_more.ts.',
    })
    await fleet.rollouts.abort()
    expect(await fleet.rollouts.status()).toMatchObject({ state: 'aborted' })
  })
})
