import { beforeEach, describe, expect, test } from 'vitest'
import { FIRST, ids, SECOND } from '../../support/fleet.ts'
import { needsEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { type Killer, type Mortal, mortal } from './mortal.ts'
import { setupNeonFleet } from './neon-fleet.ts'
import { seeProjects } from './see-projects.ts'

beforeEach(needsEmulator)

/** How many tenants are made while their process is killed again and again. */
const MANY = Number(process.env.FLEET_TEST_NEON_TENANTS ?? 12)

const CREATE_PROJECT = /^POST \S+\/projects$/
const CREATE_BRANCH = /^POST \S+\/branches$/
const CREATE_ENDPOINT = /^POST \S+\/endpoints$/
const DELETE_ENDPOINT = /^DELETE \S+\/endpoints\/[^/]+$/
const RESTORE = /^POST \S+\/restore$/
const DELETE_BRANCH = /^DELETE \S+\/branches\/[^/]+$/
const DELETE_PROJECT = /^DELETE \S+\/projects\/[^/]+$/

const TENANT = { name: 'main', parent: null, state: 'ready', isProtected: false, computes: 1 }
const ROWS = 'select id from items order by id'

interface MortalProjects extends Mortal {
  /** What is in the projects, by the id of their tenant; the numbers of restore points are left out. */
  branches(): Promise<Record<string, readonly unknown[]>>
}

async function setup(): Promise<MortalProjects> {
  const test = await mortal(setupNeonFleet)
  const { emulator, name } = test
  return {
    ...test,
    async branches() {
      const projects = await seeProjects(emulator)
      const idOf = (project: string) => project.split('/')[3] ?? ''
      expect(projects.every((it) => it.name.startsWith(`fleet/${name}/`))).toBe(true)
      expect(new Set(projects.map((it) => idOf(it.name))).size).toBe(projects.length)
      return Object.fromEntries(
        projects.map((it) => [
          idOf(it.name),
          it.branches.map(({ annotations: _, name: branch, ...rest }) => ({
            name: branch.replace(/p\d+$/, ''),
            ...rest,
          })),
        ]),
      )
    },
  }
}

/** Has nothing been left over that no record owns, or a record whose thing is gone? */
async function expectNothingLeft({ fleet, emulator }: MortalProjects): Promise<void> {
  expect(await Array.fromAsync(fleet.sweep())).toEqual([])
  const tenants = await Array.fromAsync(fleet.tenants.list())
  await fleet.tenants.delete(tenants.filter(({ state }) => state !== 'deleted').map(({ id }) => id))
  await emulator.settled()
  expect(await seeProjects(emulator)).toEqual([])
  expect(await Array.fromAsync(fleet.sweep())).toEqual([])
}

describe('killed', () => {
  test('while a tenant is made, it is made by the next one, in one project', async () => {
    const it = await setup()
    const killers: Killer[] = ['tenant.recorded', CREATE_PROJECT, 'tenant.database-created', 'tenant.database-opened']
    const made: string[] = []
    for (const killer of killers) {
      const id = `t${made.length}`
      made.push(id)
      await it.killed(killer, ['tenant', 'create', id])
      expect(await it.fleet.tenants.show(id), String(killer)).toMatchObject({ state: 'creating' })
      await it.create([id])
      await it.asApplication(id, (client) => client.query('insert into items values (1, 10)'))
      expect(await it.branches(), String(killer)).toEqual(Object.fromEntries(made.map((key) => [key, [TENANT]])))
    }
    expect(Object.values(await it.histories(made))).toEqual(made.map(() => [FIRST, SECOND]))
    await expectNothingLeft(it)
  })

  test('while a restore point is made, the next one is, and nothing is left of the first', async () => {
    const it = await setup()
    const killers: Killer[] = [
      'restore-point.recorded',
      'restore-point.observed',
      CREATE_BRANCH,
      'restore-point.copied',
      'restore-point.made',
    ]
    await it.create(['a'])
    const { fleet, inCatalog } = it
    for (const [index, killer] of killers.entries()) {
      await it.killed(killer, ['restore-point', 'create', 'a'])
      expect(await fleet.restorePoints.create('a'), String(killer)).toMatchObject({ state: 'ready' })
      // As if nobody had come back for hours.
      await inCatalog((client) =>
        client.query(`update fleet.restore_point set created_at = now() - interval '2 hours' where state = 'creating'`),
      )
      await Array.fromAsync(fleet.restorePoints.prune())
      const marker = { ...TENANT, name: 'fleet/rp/', parent: 'main', computes: 0 }
      expect(await it.branches(), String(killer)).toEqual({ a: [...Array(index + 1).fill(marker), TENANT] })
    }
    expect((await fleet.restorePoints.list()).map(({ state }) => state)).toEqual(killers.map(() => 'ready'))
    await expectNothingLeft(it)
  })

  test('while a tenant returns, it has returned when it is run again, once, and what it was is kept', async () => {
    const it = await setup()
    const { fleet, asApplication } = it
    const killers: Killer[] = [
      'restore.recorded',
      CREATE_ENDPOINT,
      DELETE_ENDPOINT,
      'restore.prepared',
      RESTORE,
      'restore.swapped',
      DELETE_BRANCH,
      'restore.done',
    ]
    const made = ids(killers.length)
    await it.create(made)
    const rowsOf = async (id: string) => (await asApplication(id, (client) => client.query(ROWS))).rows
    for (const [index, killer] of killers.entries()) {
      const id = made[index] ?? ''
      // Rows are compared only where nobody has agreed to lose them.
      const looks = killer === CREATE_ENDPOINT || killer === DELETE_ENDPOINT
      await asApplication(id, (client) => client.query('insert into items values (1, 10)'))
      await fleet.restorePoints.create(id)
      if (!looks) await asApplication(id, (client) => client.query('insert into items values (2, 20)'))
      await it.killed(killer, ['restore', id, '--yes', ...(looks ? [] : ['--accept-data-loss'])])
      const restored = await fleet.restore(id, { acceptDataLoss: !looks })
      expect(await rowsOf(id), String(killer)).toEqual([{ id: 1 }])
      const kept = { ...TENANT, name: 'fleet/undo/', computes: 0 }
      expect((await it.branches())[id], String(killer)).toEqual([kept, TENANT])
      const points = await fleet.restorePoints.list({ tenantId: id })
      expect(
        points.map(({ state }) => state),
        String(killer),
      ).toEqual(['ready', 'restored'])
      expect(restored.kept.id).toBe(points[0]?.id)
    }
    expect(it.emulator.calls.count('restoreProjectBranch')).toBe(killers.length)
    await expectNothingLeft(it)
  })

  test('while a tenant returns to a restore point whose time is over meanwhile, it can be brought to its end', async () => {
    const it = await setup()
    const { fleet, asApplication, inCatalog } = it
    await it.create(['a'])
    await asApplication('a', (client) => client.query('insert into items values (1, 10)'))
    const { id } = await fleet.restorePoints.create('a')
    await asApplication('a', (client) => client.query('insert into items values (2, 20)'))
    await it.killed(RESTORE, ['restore', 'a', '--yes', '--accept-data-loss'])
    await inCatalog((client) => client.query(`update fleet.restore_point set keep = interval '0'`))
    expect(await Array.fromAsync(fleet.restorePoints.prune())).toEqual([])
    expect((await fleet.restore('a')).point).toMatchObject({ id, state: 'restored' })
    expect((await asApplication('a', (client) => client.query(ROWS))).rows).toEqual([{ id: 1 }])
    await expectNothingLeft(it)
  })

  test('while a tenant is deleted, it is gone when it is deleted again', async () => {
    const it = await setup()
    const { fleet } = it
    // Its branches go with the project.
    const killers: Killer[] = [DELETE_PROJECT, 'tenant.database-dropped']
    const made = ids(killers.length)
    await it.create(made)
    for (const [index, killer] of killers.entries()) {
      const id = made[index] ?? ''
      await fleet.restorePoints.create(id)
      await it.killed(killer, ['tenant', 'delete', id, '--yes'])
      await fleet.tenants.delete([id])
      expect(Object.keys(await it.branches()), String(killer)).toEqual(made.slice(index + 1))
    }
    await expectNothingLeft(it)
  })

  test('while a migration is rehearsed, the next rehearsal removes what is left', async () => {
    const it = await setup()
    await it.create(['a'])
    await it.fleet.restorePoints.create('a')
    await it.migration('0003_more', 'await sql`create table more ()`.execute(db)')
    const before = await it.branches()
    for (const killer of [CREATE_BRANCH, 'rehearsal.branched', DELETE_BRANCH] as const) {
      await it.killed(killer, ['rollout', 'plan', '--rehearse', '1'])
      const { rehearsal } = await it.fleet.rollouts.rehearse({ tenants: 1 })
      expect(rehearsal, String(killer)).toMatchObject({ state: 'passed' })
      expect(await it.branches(), String(killer)).toEqual(before)
    }
    await expectNothingLeft(it)
  })

  test(`again and again while ${MANY} tenants are made, ${MANY} projects are there in the end`, async () => {
    const it = await setup()
    const made = ids(MANY)
    const unfinished = async () => {
      const tenants = await Array.fromAsync(it.fleet.tenants.list())
      return made.filter((id) => !tenants.some((tenant) => tenant.id === id && tenant.state === 'ready'))
    }
    for (const kill of [1, 2, 3]) {
      const before = Object.keys(await it.branches()).length
      // One of which nobody knows whether it has a project waits for Neon's search; others are finished meanwhile.
      await it.killed(CREATE_PROJECT, ['tenant', 'create', ...(await unfinished())])
      expect(Object.keys(await it.branches()).length, `kill ${kill}`).toBeGreaterThan(before)
    }
    await it.create(await unfinished())
    expect(await it.branches()).toEqual(Object.fromEntries(made.map((id) => [id, [TENANT]])))
    expect(Object.values(await it.histories(made))).toEqual(made.map(() => [FIRST, SECOND]))
    await expectNothingLeft(it)
  })
})
