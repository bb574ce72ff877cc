import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { runFleet } from '../support/fleet-process.ts'
import { DROP, everyone, IDS, NEW, setupDropping } from './dropping-fleet.ts'
import { OLD } from './fleet-with-rows.ts'

describe('undo', () => {
  test('returns every tenant that the rollout changed, wave by wave, and new tenants get the earlier version', async () => {
    const { fleet, rollOut, items, histories, create, events } = await setupDropping()
    const { id } = await rollOut()
    expect(await histories(IDS)).toEqual(everyone(NEW))
    await create(['late'])
    expect(await fleet.rollouts.planUndo(id)).toMatchObject({
      tenants: 4,
      waves: [
        { name: 'canary', tenants: 2, maxFailures: 0 },
        { name: 'everyone', tenants: 2, maxFailures: 4 },
      ],
      undo: {
        of: id,
        withdraws: ['0003_drop'],
        releases: { from: '0003_drop', to: '0002_price' },
        stranded: 0,
        beyond: 1,
      },
    })
    const undone = await fleet.rollouts.undo(id)
    expect(undone).toMatchObject({
      kind: 'rested',
      status: { state: 'completed', outcome: 'succeeded', direction: 'back', undoes: id },
    })
    expect(await histories([...IDS, 'late'])).toEqual({ ...everyone(OLD), late: NEW })
    expect(await items('a')).toEqual([{ id: 1, price: 10 }])
    expect((await fleet.status()).released).toBe('0002_price')
    const order = events.flatMap((it) => (it.type === 'tenant.restored' ? [it.tenantId] : []))
    expect(order.slice(0, 2).toSorted()).toEqual(['a', 'b'])
    await create(['later'])
    expect(await histories(['later'])).toEqual({ later: OLD })
  })

  test('touches nobody whom the rollout did not change, and a tenant that failed keeps its rows', async () => {
    const { fleet, rollOut, items, histories, inTenant, name } = await setupDropping()
    // The column is needed here, so that it cannot be dropped.
    await inTenant('d', (client) => client.query('create view prices as select price from items'))
    const { id } = await rollOut({ scope: { skipTenants: ['c'] } })
    expect(await histories(IDS)).toEqual({ a: NEW, b: NEW, c: OLD, d: OLD })
    await inTenant('c', (client) => client.query('insert into items values (2, 20)'))
    await inTenant('d', (client) => client.query('insert into items values (2, 20)'))
    const oids = () =>
      inTenant('c', async (client) => {
        const { rows } = await client.query('select datname, oid from pg_database where datname = any($1) order by 1', [
          [`${name}_c`, `${name}_d`],
        ])
        return rows
      })
    const before = await oids()
    await fleet.rollouts.undo(id)
    expect(await histories(IDS)).toEqual(everyone(OLD))
    expect(await oids()).toEqual(before)
    expect(await items('c')).toHaveLength(2)
    expect(await items('d')).toHaveLength(2)
    expect(await items('a')).toEqual([{ id: 1, price: 10 }])
  })

  test('where rows were written since, a tenant fails and stays, unless that is accepted', async () => {
    const { fleet, rollOut, items, histories, inTenant } = await setupDropping()
    const { id } = await rollOut()
    await inTenant('c', (client) => client.query('insert into items values (2)'))
    const refused = await fleet.rollouts.undo(id)
    expect(refused).toMatchObject({
      status: { state: 'completed', outcome: 'degraded', failures: [{ count: 1, example: 'c' }] },
    })
    expect(await histories(IDS)).toEqual({ ...everyone(OLD), c: NEW })
    expect(await items('c')).toEqual([{ id: 1 }, { id: 2 }])
    expect(await fleet.rollouts.undo(id, { acceptDataLoss: true })).toMatchObject({ status: { outcome: 'succeeded' } })
    expect(await histories(IDS)).toEqual(everyone(OLD))
    const kept = (await fleet.restorePoints.list({ tenantId: 'c' })).find(({ reason }) => reason === 'restore')
    await fleet.restore('c', { to: kept?.id, acceptDataLoss: true })
    expect(await items('c')).toEqual([{ id: 1 }, { id: 2 }])
  })

  test('writes rows that were inserted since to files, and takes the tenant back', async () => {
    const { rollOut, histories, inTenant, root, env } = await setupDropping()
    const { id } = await rollOut()
    await inTenant('c', (client) => client.query('insert into items values (2)'))
    const folder = join(root, 'salvaged')
    const args = ['rollout', 'undo', id, '--yes', '--salvage', 'salvaged']
    // What a process that dies has not written, the next one writes.
    expect(await runFleet(args, { root, env: { ...env, FLEET_FAILPOINT: 'salvage.claimed' } })).toMatchObject({
      code: 'SIGKILL',
    })
    const again = await runFleet(args, { root, env })
    expect(again, again.output).toMatchObject({ code: 0 })
    expect(await histories(IDS)).toEqual(everyone(OLD))
    expect(await readFile(join(folder, 'c', 'public.items.csv'), 'utf8')).toBe('"id"\n"2"\n')
    for (const tenant of IDS) expect(await readdir(join(folder, tenant))).toContain('salvage.json')
  })

  test('that has paused on what would be lost takes another answer, by the command that is printed', async () => {
    const { fleet, rollOut, histories, inTenant, root, env } = await setupDropping()
    const { id } = await rollOut()
    await inTenant('a', (client) => client.query('insert into items values (2)'))
    const refused = await runFleet(['rollout', 'undo', id, '--yes'], { root, env })
    expect(refused.code, refused.output).toBe(3)
    expect(refused.output).toContain(`fleet rollout undo ${id} --salvage <folder>`)
    expect(refused.output).not.toContain('fleet rollout retry')
    const paused = await fleet.rollouts.status()
    expect(paused).toMatchObject({ undoes: id, state: 'paused', pauseReason: 'failure-budget' })
    const again = await runFleet(['rollout', 'undo', id, '--yes', '--salvage', 'salvaged'], { root, env })
    expect(again, again.output).toMatchObject({ code: 0 })
    expect(await histories(IDS)).toEqual(everyone(OLD))
    expect(await readFile(join(root, 'salvaged', 'a', 'public.items.csv'), 'utf8')).toBe('"id"\n"2"\n')
    expect(await fleet.rollouts.status(paused.id)).toMatchObject({ state: 'aborted' })
  })

  test('that somebody paused is not replaced by another answer', async () => {
    const { fleet, rollOut } = await setupDropping()
    const { id } = await rollOut()
    const pausing = new Promise<void>((resolve) => {
      const stop = fleet.on((event) => {
        if (event.type !== 'tenant.restored') return
        // Another one may have begun by then.
        stop()
        resolve(fleet.rollouts.pause(event.rolloutId))
      })
    })
    const paused = await fleet.rollouts.undo(id, { concurrency: 1 })
    await pausing
    expect(paused).toMatchObject({ status: { state: 'paused', pauseReason: 'operator' } })
    await expect(fleet.rollouts.undo(id, { acceptDataLoss: true })).rejects.toMatchObject({ code: 'ROLLOUT_ACTIVE' })
  })

  test('lists tenants without a restore point before it starts, leaves them, and is degraded by them', async () => {
    const { fleet, rollOut, histories, create, root, env } = await setupDropping({ restorePoints: { take: 'never' } })
    const { id } = await rollOut({ scope: { skipTenants: ['d'] } })
    await rollOut({ takeRestorePoints: 'risky' })
    const shown = await runFleet(['rollout', 'undo', id, '--dry-run'], { root, env })
    expect(shown).toMatchObject({ code: 0, output: expect.stringContaining('3 tenants cannot return') })
    expect(shown.output.replaceAll(/\s+/g, ' ')).toContain('a (no restore point was taken of it)')
    expect(await fleet.rollouts.undo(id)).toMatchObject({ status: { outcome: 'degraded' } })
    expect(await histories(IDS)).toEqual(everyone(NEW))
    // The other rollout released it, and stands; what was taken back is given to nobody all the same.
    expect(await fleet.status()).toMatchObject({ released: '0003_drop', newTenantsGet: '0002_price' })
    await create(['later'])
    expect(await histories(['later'])).toEqual({ later: OLD })
  })

  test('is refused where a later rollout changed the same tenants, unless that is taken back as well', async () => {
    const { fleet, rollOut, histories, migration } = await setupDropping()
    const { id } = await rollOut()
    await migration('0004_more', 'await sql`alter table items add column more int`.execute(db)')
    const later = await rollOut()
    await expect(fleet.rollouts.undo(id)).rejects.toMatchObject({
      code: 'UNDO_REFUSED',
      message: expect.stringContaining(later.id),
    })
    expect(await histories(['a'])).toEqual({ a: [...NEW, '0004_more'] })
    const undone = await fleet.rollouts.undo(id, { withLater: true })
    expect(undone).toMatchObject({
      status: { outcome: 'succeeded', plan: { undo: { withdraws: ['0003_drop', '0004_more'], later: [later.id] } } },
    })
    expect(await histories(IDS)).toEqual(everyone(OLD))
    expect((await fleet.status()).released).toBe('0002_price')
  })

  test('started by two at once is one, which both see through', async () => {
    const { fleet, rollOut, items, open } = await setupDropping()
    const { id } = await rollOut()
    const other = await open()
    onTestFinished(() => other.close())
    const both = await Promise.all([fleet.rollouts.undo(id), other.rollouts.undo(id)])
    const back = (await fleet.rollouts.list()).filter(({ direction }) => direction === 'back')
    expect(back).toHaveLength(1)
    for (const one of both)
      expect(one).toMatchObject({
        kind: 'rested',
        status: { id: back[0]?.id, state: 'completed', outcome: 'succeeded' },
      })
    for (const tenant of IDS) expect(await items(tenant)).toEqual([{ id: 1, price: 10 }])
    expect((await fleet.restorePoints.list()).filter(({ state }) => state === 'restored')).toHaveLength(4)
  })

  test('gives a rollout up that is not over, and one that was undone is not tried again', async () => {
    const { fleet, rollOut, histories, inTenant } = await setupDropping()
    await inTenant('b', (client) => client.query('create view prices as select price from items'))
    const { id, state } = await rollOut()
    expect(state).toBe('paused')
    expect(await fleet.rollouts.undo(id)).toMatchObject({ status: { outcome: 'succeeded', undoes: id } })
    expect(await histories(IDS)).toEqual(everyone(OLD))
    expect(await fleet.rollouts.status(id)).toMatchObject({
      state: 'aborted',
      undoneBy: expect.stringMatching(/^r\d+$/),
    })
    await expect(fleet.rollouts.retry(id)).rejects.toMatchObject({ code: 'INVALID_TRANSITION' })
  })

  test('a tenant that stopped half-way outside a transaction is taken back, too', async () => {
    const { fleet, rollOut, items, histories, migration, inTenant } = await setupDropping()
    await migration(
      '0003_drop',
      `${DROP}; await sql\`create unique index concurrently one on items (id)\`.execute(db)
       await sql\`select 1 / (select count(*) from items where id = 1)\`.execute(db)`,
      'export const config = { transaction: false }',
    )
    await inTenant('c', (client) => client.query('update items set id = 7'))
    const { id } = await rollOut()
    expect(await histories(IDS)).toEqual({ ...everyone(NEW), c: OLD })
    expect(await items('c')).toEqual([{ id: 7 }])
    await fleet.rollouts.undo(id, { acceptDataLoss: true })
    expect(await items('c')).toEqual([{ id: 7, price: 10 }])
    expect(await histories(IDS)).toEqual(everyone(OLD))
    expect(await fleet.rollouts.planUndo(id)).toMatchObject({ tenants: 0, undo: { stranded: 0 } })
  })
})

test.each(['rollout.started', 'restore.swapped', 'run.applied'])(
  'killed at %s, an undo goes on when it is called again',
  async (failpoint) => {
    const { fleet, rollOut, items, histories, root, env } = await setupDropping()
    const { id } = await rollOut()
    const args = ['rollout', 'undo', id, '--yes']
    expect(await runFleet(args, { root, env: { ...env, FLEET_FAILPOINT: failpoint } })).toMatchObject({
      code: 'SIGKILL',
    })
    const again = await runFleet(args, { root, env })
    expect(again).toMatchObject({ code: 0 })
    expect(await histories(IDS)).toEqual(everyone(OLD))
    for (const tenant of IDS) expect(await items(tenant)).toEqual([{ id: 1, price: 10 }])
    const points = await fleet.restorePoints.list()
    expect(points.map(({ state }) => state).toSorted()).toEqual([
      ...Array(4).fill('ready'),
      ...Array(4).fill('restored'),
    ])
    expect((await fleet.rollouts.list()).filter(({ direction }) => direction === 'back')).toHaveLength(1)
    expect(await fleet.rollouts.undo(id)).toMatchObject({ kind: 'nothing-to-do' })
  },
)
