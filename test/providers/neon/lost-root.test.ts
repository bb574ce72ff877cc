import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { runFleet } from '../../support/fleet-process.ts'
import { needsEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { setupNeonFleet } from './neon-fleet.ts'
import { seeProjects } from './see-projects.ts'

beforeEach(needsEmulator)

test('a tenant that returned to what a restore had kept gets no restore point that nothing could be restored to', async () => {
  const { fleet, create, asApplication } = await setupNeonFleet()
  await create(['a', 'b'])
  await fleet.restorePoints.create('a')
  await asApplication('a', (client) => client.query('insert into items values (1, 10)'))
  const { kept } = await fleet.restore('a', { acceptDataLoss: true })
  await fleet.restore('a', { to: kept.id, acceptDataLoss: true })
  expect((await asApplication('a', (client) => client.query('select id from items'))).rows).toEqual([{ id: 1 }])
  await expect(fleet.restorePoints.create('a')).rejects.toMatchObject({
    code: 'RESTORE_POINT_REFUSED',
    message: expect.stringContaining('is no root'),
    remedy: expect.stringContaining('--take-restore-points never'),
  })
  const warnings = (await fleet.doctor()).filter(({ subject }) => subject === 'restore points')
  expect(warnings).toMatchObject([{ verdict: 'warning', message: expect.stringMatching(/any more: 1 tenant: a\.$/) }])
  expect(warnings[0]?.remedy).not.toContain('restore-point create')
})

test('who returns to what a restore had kept hears before that it is the last time, and after it what is left', async () => {
  const { fleet, create, asApplication, root, env, emulator, inCatalog } = await setupNeonFleet()
  await create(['a'])
  await fleet.restorePoints.create('a')
  await asApplication('a', (client) => client.query('insert into items values (1, 10)'))
  const { kept, wayBack } = await fleet.restore('a', { acceptDataLoss: true })
  expect(wayBack).toBe('last')
  await expect(fleet.restore('a', { acceptDataLoss: true })).rejects.toMatchObject({
    code: 'RESTORE_REFUSED',
    remedy: expect.stringContaining(`after which it can have no restore point: \`fleet restore a --to ${kept.id}\``),
  })
  expect(await fleet.planRestore('a', { to: kept.id })).toMatchObject({ isLast: true })
  await asApplication('a', (client) => client.query('insert into items values (2, 20)'))
  const last = await fleet.restore('a', { to: kept.id, acceptDataLoss: true })
  expect(last).toMatchObject({ wayBack: 'closed', point: { goesWithTenant: true }, kept: { goesWithTenant: true } })
  await expect(fleet.restore('a', { to: last.kept.id, acceptDataLoss: true })).rejects.toMatchObject({
    code: 'RESTORE_REFUSED',
    remedy: expect.stringMatching(/^(?!.*--accept-data-loss).*fleet restore-point salvage/),
  })
  await inCatalog((client) => client.query(`update fleet.restore_point set keep = interval '0'`))
  expect((await Array.fromAsync(fleet.restorePoints.prune())).map(({ id }) => id)).not.toContain(kept.id)
  // All that is at Neon is listed: what it hangs under, too.
  const branches = (await seeProjects(emulator)).flatMap((it) => it.branches.map(({ name }) => name))
  const listed = (await fleet.restorePoints.list({ tenantId: 'a' })).map(({ id }) => `fleet/undo/${id}`)
  expect(branches.filter((name) => name !== 'main').sort()).toEqual(listed.sort())
  const rows = join(root, 'rows')
  const salvage = await runFleet(['restore-point', 'salvage', last.kept.id, rows], { root, env })
  expect(salvage.code, salvage.output).toBe(0)
  expect(await readFile(join(rows, 'public.items.csv'), 'utf8')).toContain('"2"')
  await fleet.tenants.delete(['a'])
  expect(await fleet.restorePoints.list()).toEqual([])
})

/** Rows 1, 2, 3 in a tenant, with a restore point after each. */
async function withPoints() {
  const made = await setupNeonFleet()
  const { fleet, create, asApplication } = made
  await create(['a'])
  const points: string[] = []
  for (const row of [1, 2, 3]) {
    await asApplication('a', (client) => client.query('insert into items values ($1, 10)', [row]))
    points.push((await fleet.restorePoints.create('a')).id)
  }
  const restore = (to = '', force = false) => fleet.restore('a', { to, acceptDataLoss: true, force })
  const rows = async () =>
    (await asApplication('a', (client) => client.query('select id from items order by id'))).rows.map(({ id }) => id)
  return { ...made, points, restore, rows }
}

describe('a tenant that goes back further and further', () => {
  test('stays a root, which gets restore points', async () => {
    const { fleet, points, restore, rows } = await withPoints()
    for (const [index, to] of points.toReversed().entries()) {
      await restore(to)
      expect(await rows()).toEqual([1, 2, 3].slice(0, 3 - index))
    }
    const { id } = await fleet.restorePoints.create('a')
    await fleet.restore('a', { to: id })
    expect(await rows()).toEqual([1])
  })

  test('by two undos, the newest rollout first, gets its restore point in the third', async () => {
    const { fleet, create, migration, histories } = await setupNeonFleet()
    await create(['a'])
    const start = async () => {
      const started = await fleet.rollouts.start()
      if (started.kind !== 'rested') throw new Error('it did not rest')
      return started.status
    }
    await migration('0003_x', 'await sql`alter table items drop column price`.execute(db)')
    const first = await start()
    await migration('0004_y', 'await sql`drop table items`.execute(db)')
    const second = await start()
    for (const { id } of [second, first]) {
      const undone = await fleet.rollouts.undo(id, { acceptDataLoss: true, withLater: id === first.id })
      expect(undone).toMatchObject({ status: { outcome: 'succeeded' } })
    }
    expect(await histories(['a'])).toEqual({ a: ['0001_items', '0002_price'] })
    expect(await fleet.restorePoints.create('a')).toMatchObject({ state: 'ready' })
  })
})

test('a tenant that would be no root any more by a return to what it has left is asked before', async () => {
  const { fleet, points, restore, rows, asApplication, emulator } = await withPoints()
  await restore(points[0])
  await asApplication('a', (client) => client.query('insert into items values (4, 10)'))
  for (const to of points.slice(1))
    await expect(restore(to)).rejects.toMatchObject({
      code: 'RESTORE_REFUSED',
      message: expect.stringContaining('no root'),
      remedy: expect.stringContaining('--force'),
    })
  expect(await rows()).toEqual([1, 4])
  expect(emulator.calls.count('restoreProjectBranch')).toBe(1)
  await restore(points[1], true)
  expect(await rows()).toEqual([1, 2])
  await expect(fleet.restorePoints.create('a')).rejects.toMatchObject({ code: 'RESTORE_POINT_REFUSED' })
})

test('a tenant returns to what a restore had kept also where the plan allows no further root', async () => {
  const { fleet, create } = await setupNeonFleet({}, { plan: 'free' })
  await create(['a'])
  let kept = ''
  for (let count = 0; count < 2; count++) {
    await fleet.restorePoints.create('a')
    kept = (await fleet.restore('a', { acceptDataLoss: true })).kept.id
  }
  await fleet.restorePoints.create('a')
  await expect(fleet.restore('a', { acceptDataLoss: true })).rejects.toMatchObject({ code: 'SERVICE_LIMIT' })
  expect(await fleet.restore('a', { to: kept, acceptDataLoss: true })).toMatchObject({ point: { id: kept } })
})

test('what keeps a tenant that has returned to what a restore had kept goes with it, and pruning goes on', async () => {
  const { fleet, create, inCatalog, emulator } = await setupNeonFleet()
  await create(['a', 'b'])
  await fleet.restorePoints.create('a')
  const { kept } = await fleet.restore('a', { acceptDataLoss: true })
  const { kept: root } = await fleet.restore('a', { to: kept.id, acceptDataLoss: true })
  const other = await fleet.restorePoints.create('b')
  await inCatalog((client) => client.query(`update fleet.restore_point set keep = interval '0' where state = 'ready'`))
  const prune = async () => (await Array.fromAsync(fleet.restorePoints.prune())).map(({ id }) => id)
  const pruned = await prune()
  expect(pruned).toContain(other.id)
  expect(pruned).not.toContain(root.id)
  expect(await prune()).toEqual([])
  expect((await fleet.restorePoints.list()).find(({ id }) => id === root.id)).toMatchObject({ goesWithTenant: true })
  await fleet.tenants.delete(['a', 'b'])
  expect((await emulator.client.listProjects({})).data.projects).toEqual([])
})
