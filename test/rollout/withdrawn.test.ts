import { describe, expect, test } from 'vitest'
import { runFleet } from '../support/fleet-process.ts'
import { DROP, everyone, IDS, NEW, setupDropping } from './dropping-fleet.ts'
import { OLD } from './fleet-with-rows.ts'

describe('what an undo took back', () => {
  test('withdraws the migration until its file is another one, or it is wanted again', async () => {
    const { fleet, rollOut, histories, migration } = await setupDropping()
    const { id } = await rollOut()
    await fleet.rollouts.undo(id)
    const plan = await fleet.rollouts.plan()
    expect(plan).toMatchObject({ tenants: 0, target: '0002_price', withdrawn: ['0003_drop'] })
    expect(await fleet.rollouts.start()).toMatchObject({ kind: 'nothing-to-do' })
    await migration('0004_more', 'await sql`alter table items add column more int`.execute(db)')
    expect(await fleet.rollouts.plan()).toMatchObject({ tenants: 0 })
    await expect(fleet.rollouts.plan({ to: '0004_more' })).rejects.toMatchObject({
      code: 'MIGRATION_WITHDRAWN',
      message: expect.stringMatching(
        /^migrations\/0003_drop.ts was taken back by rollout r\d+, and is still the same.$/,
      ),
    })
    expect(await fleet.rollouts.plan({ again: true })).toMatchObject({ tenants: 4, target: '0004_more' })
    const stateOfDrop = async () => (await fleet.migrations.list()).find(({ name }) => name === '0003_drop')?.state
    expect(await stateOfDrop()).toBe('withdrawn')
    await migration('0003_drop', `${DROP} // with care`)
    expect(await stateOfDrop()).toBe('pending')
    await rollOut()
    expect(await histories(IDS)).toEqual(everyone([...NEW, '0004_more']))
  })

  test('is over for a file that is another one by now, and for what is wanted again, also where no tenant lacks it', async () => {
    const { fleet, rollOut, histories, create, migration } = await setupDropping()
    const { id } = await rollOut()
    await create({ late: { ring: 'internal' } })
    await fleet.rollouts.undo(id)
    await migration('0003_drop', `${DROP} // with care`)
    await fleet.migrations.accept('0003_drop')
    expect(await fleet.rollouts.plan()).toMatchObject({ tenants: 4, target: '0003_drop' })
    await migration('0003_drop', DROP)
    await fleet.migrations.accept('0003_drop')
    const second = await rollOut()
    await fleet.rollouts.undo(second.id)
    await fleet.tenants.delete(IDS)
    expect(await fleet.rollouts.start({ again: true })).toMatchObject({ kind: 'nothing-to-do' })
    await create(['later'])
    expect(await histories(['late', 'later'])).toEqual({ late: NEW, later: NEW })
  })

  test('of an undo brings forward what that took back, with the rows of then', async () => {
    const { fleet, rollOut, items, histories } = await setupDropping()
    const { id } = await rollOut()
    const first = await fleet.rollouts.undo(id)
    const undo = first.kind === 'nothing-to-do' ? '' : first.status.id
    expect(await fleet.rollouts.planUndo(undo)).toMatchObject({
      undo: { withdraws: [], readmits: ['0003_drop'], releases: { from: '0002_price', to: '0003_drop' } },
    })
    await fleet.rollouts.undo(undo, { acceptDataLoss: true })
    expect(await histories(IDS)).toEqual(everyone(NEW))
    expect(await items('c')).toEqual([{ id: 1 }])
    expect(await fleet.status()).toMatchObject({ released: '0003_drop', pending: [] })
    expect(await fleet.rollouts.undo(undo)).toMatchObject({ kind: 'nothing-to-do' })
  })

  test('keeps new tenants from what a later start with nothing to do has released', async () => {
    const { fleet, rollOut, histories, create, root, env } = await setupDropping()
    const { id } = await rollOut({ scope: { skipTenants: ['d'] } })
    expect((await fleet.status()).released).toBe('0002_price')
    await fleet.tenants.delete(['d'])
    expect(await fleet.rollouts.start()).toMatchObject({ kind: 'nothing-to-do' })
    expect((await fleet.status()).released).toBe('0003_drop')
    await fleet.rollouts.undo(id)
    expect(await fleet.status()).toMatchObject({ released: '0003_drop', newTenantsGet: '0002_price' })
    expect((await runFleet(['status'], { root, env })).output.replaceAll(/\s+/g, ' ')).toContain(
      'New tenants get 0002_price; what comes after it was taken back, up to 0003_drop.',
    )
    await create(['later'])
    expect(await histories(['later'])).toEqual({ later: OLD })
  })
})
