import { beforeEach, describe, expect, test } from 'vitest'
import { ids } from '../../support/fleet.ts'
import { runFleet } from '../../support/fleet-process.ts'
import { whyNoEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { type Killer, mortal } from './mortal.ts'
import { setupNeonAccount } from './neon-account-for-test.ts'
import { type NeonFleet, setupNeonFleet } from './neon-fleet.ts'
import { seeProjects } from './see-projects.ts'

beforeEach(async ({ skip }) => {
  const reason = await whyNoEmulator()
  skip(reason !== undefined, reason)
})

const OLD = ['0001_items', '0002_price']
const MORE = 'await sql`create table more ()`.execute(db)'
const MOST = 'await sql`create table most ()`.execute(db)'
const DROP = 'await sql`alter table items drop column price`.execute(db)'
const HOUR_MS = 3_600_000

/** The emulator returns to positions that it has a copy of, or since which nothing was written. */
async function holdPositions({ emulator }: NeonFleet): Promise<void> {
  const { data } = await emulator.client.listProjects({ limit: 100 })
  for (const { id } of data.projects) await emulator.mark(id)
}

/** Adds a migration, rolls it out with restore points for all, and returns the number of the rollout. */
async function rollOut(it: NeonFleet, name: string, body: string): Promise<string> {
  await it.migration(name, body)
  await holdPositions(it)
  const started = await it.fleet.rollouts.start({ takeRestorePoints: 'always' })
  expect(started).toMatchObject({ kind: 'rested', status: { outcome: 'succeeded' } })
  return started.kind === 'rested' ? started.status.id : ''
}

const run = async ({ asApplication }: NeonFleet, id: string, sql: string) =>
  (await asApplication(id, (client) => client.query(sql))).rows

describe('a rollout that takes restore points of all', () => {
  test('notes positions before migrations that are not risky, without a call, and an undo returns to them', async () => {
    const it = await setupNeonFleet()
    const { fleet, create, emulator, histories, root, env } = it
    await create(['a', 'b'])
    for (const id of ['a', 'b']) await run(it, id, 'insert into items values (1, 10)')
    await it.migration('0003_more', MORE)
    const plan = await fleet.rollouts.plan({ takeRestorePoints: 'always' })
    expect(plan.restorePointCost).toMatchObject({ servers: [], positions: 2, elsewhere: { tenants: 0 } })
    expect(plan.serviceCost).toMatchObject({ calls: { least: 0, most: 0 }, branches: 0, warnings: [expect.anything()] })
    await holdPositions(it)
    emulator.calls.reset()
    const started = await fleet.rollouts.start({ takeRestorePoints: 'always' })
    expect(emulator.calls.log.map(({ call }) => call)).toEqual(['getOrganization', 'listProjects'])
    const points = await fleet.restorePoints.list()
    for (const point of points) {
      expect(point).toMatchObject({ state: 'ready', reason: 'rollout', grade: 'position', history: OLD })
      // The history reaches back for a day, whatever `keep` says.
      const reach = (point.expiresAt?.getTime() ?? 0) - (point.readyAt?.getTime() ?? 0)
      expect(reach).toBeLessThanOrEqual(24 * HOUR_MS)
      expect(reach).toBeGreaterThan(23 * HOUR_MS)
    }
    const shown = await runFleet(['restore-point', 'list'], { root, env })
    expect(shown.output.match(/ready, not proven/g)).toHaveLength(2)
    expect(await Array.fromAsync(fleet.sweep())).toEqual([])

    if (started.kind !== 'rested') throw new Error('It did not rest.')
    await run(it, 'a', 'insert into items values (2, 20)')
    const undone = await fleet.rollouts.undo(started.status.id, { acceptDataLoss: true })
    expect(undone).toMatchObject({ status: { outcome: 'succeeded' } })
    expect(await histories(['a', 'b'])).toEqual({ a: OLD, b: OLD })
    expect(await run(it, 'a', 'select id from items')).toEqual([{ id: 1 }])
    expect(await Array.fromAsync(fleet.sweep())).toEqual([])
    await fleet.tenants.delete(['a', 'b'])
  })

  test('takes a proven one before a risky migration, as one that is made by hand is', async () => {
    const it = await setupNeonFleet()
    await it.create(['a'])
    await rollOut(it, '0003_drop', DROP)
    await it.fleet.restorePoints.create('a')
    expect(await it.fleet.restorePoints.list()).toMatchObject([
      { reason: 'manual', grade: 'copy' },
      { reason: 'rollout', grade: 'copy' },
    ])
    await it.fleet.tenants.delete(['a'])
  })
})

describe('a position', () => {
  test('that a rollout has noted is proven before that rollout migrates something risky', async () => {
    const it = await setupNeonFleet()
    const { fleet, inCatalog } = it
    await it.create(['a'])
    await rollOut(it, '0003_more', MORE)
    await it.migration('0004_drop', DROP)
    await fleet.rollouts.plan()
    // As if an attempt of it, in which nothing was risky, had noted it.
    await inCatalog((client) =>
      client.query('update fleet.restore_point set rollout_id = (select max(id) from fleet.rollout)'),
    )
    expect(await fleet.rollouts.start()).toMatchObject({ kind: 'rested', status: { outcome: 'succeeded' } })
    expect(await fleet.restorePoints.list()).toMatchObject([{ grade: 'copy', history: OLD }])
    await fleet.tenants.delete(['a'])
  })

  test('is noted again by the rollout that goes on where one was killed', async () => {
    const it = await mortal(setupNeonFleet)
    const { fleet, inCatalog, emulator } = it
    await it.create(['a'])
    await it.migration('0003_more', MORE)
    await holdPositions(it)
    const start = ['rollout', 'start', '--yes', '--take-restore-points', 'always']
    await it.killed('restore-point.recorded', start)
    expect(await fleet.rollouts.start({ takeRestorePoints: 'always' })).toMatchObject({
      status: { outcome: 'succeeded' },
    })
    const states = async () => (await fleet.restorePoints.list()).map(({ state, grade }) => [state, grade])
    expect(await states()).toEqual([
      ['ready', 'position'],
      ['creating', 'copy'],
    ])
    // As if nobody had come back for hours.
    await inCatalog((client) =>
      client.query(`update fleet.restore_point set created_at = now() - interval '2 hours' where state = 'creating'`),
    )
    emulator.calls.reset()
    await Array.fromAsync(fleet.restorePoints.prune())
    expect(emulator.calls.total).toBe(0)
    expect(await states()).toEqual([['ready', 'position']])
    expect(await Array.fromAsync(fleet.sweep())).toEqual([])
    await fleet.tenants.delete(['a'])
  })

  test('is returned to by the restore that goes on where one was killed while it made a copy', async () => {
    const it = await mortal(setupNeonFleet)
    const { fleet, emulator } = it
    const killers: Killer[] = [
      'restore-point.recorded',
      /^POST \S+\/branches$/,
      'restore-point.copied',
      'restore-point.made',
    ]
    const made = ids(killers.length)
    await it.create(made)
    for (const id of made) await run(it, id, 'insert into items values (1, 10)')
    await rollOut(it, '0003_more', MORE)
    for (const [index, killer] of killers.entries()) {
      const id = made[index] ?? ''
      await run(it, id, 'insert into items values (2, 20)')
      await it.killed(killer, ['restore', id, '--yes', '--accept-data-loss'])
      expect(await run(it, id, 'select id from items order by id'), String(killer)).toEqual([{ id: 1 }, { id: 2 }])
      const { kept } = await fleet.restore(id, { acceptDataLoss: true })
      expect(await run(it, id, 'select id from items'), String(killer)).toEqual([{ id: 1 }])
      expect(await fleet.restorePoints.list({ tenantId: id }), String(killer)).toMatchObject([
        { id: kept.id, state: 'ready' },
        { state: 'restored' },
      ])
    }
    expect(await Array.fromAsync(fleet.sweep())).toEqual([])
    await fleet.tenants.delete(made)
    await emulator.settled()
    expect(await seeProjects(emulator)).toEqual([])
  })

  test('is proven when it is returned to, and what would be lost is counted', async () => {
    const it = await setupNeonFleet()
    const { fleet } = it
    await it.create(['a'])
    await run(it, 'a', 'insert into items values (1, 10)')
    await rollOut(it, '0003_more', MORE)
    await run(it, 'a', 'insert into items values (2, 20)')
    await expect(fleet.restore('a')).rejects.toMatchObject({ code: 'RESTORE_REFUSED' })
    expect(await fleet.restorePoints.list()).toMatchObject([{ grade: 'copy', state: 'ready' }])
    const { loss, kept } = await fleet.restore('a', { acceptDataLoss: true })
    expect([loss.kind, kept.grade]).toEqual(['at-most', 'copy'])
    expect(await run(it, 'a', 'select id from items')).toEqual([{ id: 1 }])
    await fleet.tenants.delete(['a'])
  })

  test('is good for nothing any more once the tenant was restored, and is pruned without a call', async () => {
    const it = await setupNeonFleet()
    const { fleet, emulator } = it
    await it.create(['a'])
    await rollOut(it, '0003_more', MORE)
    await rollOut(it, '0004_most', MOST)
    const [second, first] = await fleet.restorePoints.list()
    await fleet.restore('a', { to: second?.id, acceptDataLoss: true })
    await expect(fleet.restore('a', { to: first?.id })).rejects.toMatchObject({
      code: 'RESTORE_REFUSED',
      message: expect.stringContaining('has expired'),
    })
    emulator.calls.reset()
    const pruned = await Array.fromAsync(fleet.restorePoints.prune())
    expect(pruned.map(({ id }) => id)).toEqual([first?.id, second?.id])
    expect(emulator.calls.total).toBe(0)
    await fleet.tenants.delete(['a'])
  })

  test('that the history has left behind is refused, and kept twice it is one branch', async () => {
    const account = await setupNeonAccount()
    const { provider, emulator, clock } = account
    const placement = await account.tenant('a')
    const project = placement.own?.ids.project ?? ''
    await emulator.mark(project)
    const noted = await provider.positions?.note(placement, async () => {})
    if (noted == null) throw new Error('Nothing was noted.')
    expect(noted).toMatchObject({ reachMs: 24 * HOUR_MS, bytes: expect.any(Number) })
    const mark = account.mark('restore-point', 'p1')
    const keep = (age: number) =>
      provider.positions?.keep(placement, mark, { ...noted, notedAt: new Date(clock.now().getTime() - age) })
    await expect(keep(25 * HOUR_MS)).rejects.toMatchObject({
      code: 'RESTORE_REFUSED',
      message: expect.stringContaining('keeps 24 h of history'),
    })
    const kept = await keep(HOUR_MS)
    const again = await keep(HOUR_MS)
    expect(again).toMatchObject({ server: kept?.server, database: kept?.database })
    const [{ branches = [] } = {}] = await account.projects()
    expect(branches.map(({ name }) => name)).toEqual(['fleet/rp/p1', 'main'])
  })

  test('is not noted of a tenant that has no history to return to', async () => {
    const account = await setupNeonAccount()
    const { provider } = account
    const placement = await account.tenant('a')
    const mark = account.mark('restore-point', 'p1')
    const point = await provider.createRestorePoint(placement, mark, {
      observe: async () => {},
      prove: async () => {},
    })
    const keptMark = account.mark('kept-state', 'k1')
    const first = await provider.restore({ placement, point, mark, keptMark }, async () => {})
    expect(first.placement.own?.reach).toBe(24 * HOUR_MS)
    if (first.kept === null) throw new Error('Nothing was kept.')
    const back = { placement, point: first.kept, mark: keptMark, keptMark: account.mark('kept-state', 'k2') }
    const second = await provider.restore(back, async () => {})
    expect(await provider.positions?.note(second.placement, async () => expect.unreachable())).toBeNull()
  })
})
