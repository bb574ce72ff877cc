import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Failpoint } from '../../../src/lib/failpoint.ts'
import { FIRST, ids, SECOND } from '../../support/fleet.ts'
import { runFleet, startFleet } from '../../support/fleet-process.ts'
import { whyNoEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { startDeadlyProxy } from './deadly-proxy.ts'
import { type NeonFleet, setupNeonFleet } from './neon-fleet.ts'
import { seeProjects } from './see-projects.ts'

beforeEach(async ({ skip }) => {
  const reason = await whyNoEmulator()
  skip(reason !== undefined, reason)
})

/** How many tenants are made while their process is killed again and again. */
const MANY = Number(process.env.FLEET_TEST_NEON_TENANTS ?? 12)

/** Where a process is killed: at a place of the program, or when a call was done whose answer it does not get. */
type Killer = Failpoint | RegExp

const CREATE_PROJECT = /^POST \S+\/projects$/
const CREATE_BRANCH = /^POST \S+\/branches$/
const CREATE_ENDPOINT = /^POST \S+\/endpoints$/
const DELETE_ENDPOINT = /^DELETE \S+\/endpoints\/[^/]+$/
const RESTORE = /^POST \S+\/restore$/
const DELETE_BRANCH = /^DELETE \S+\/branches\/[^/]+$/
const DELETE_PROJECT = /^DELETE \S+\/projects\/[^/]+$/

const TENANT = { name: 'main', parent: null, state: 'ready', isProtected: false, computes: 1 }
const ROWS = 'select id from items order by id'

interface Mortal extends NeonFleet {
  /** Runs the program and asserts that it is killed. */
  killed(killer: Killer, args: readonly string[]): Promise<void>
  /** What is in the projects, by the id of their tenant; the numbers of restore points are left out. */
  branches(): Promise<Record<string, readonly unknown[]>>
}

async function setup(): Promise<Mortal> {
  const test = await setupNeonFleet()
  const { root, env, emulator, name } = test
  const proxy = await startDeadlyProxy(emulator.baseUrl)
  const config = await readFile(join(root, 'fleet.config.ts'), 'utf8')
  await writeFile(join(root, 'mortal.config.ts'), config.replaceAll(emulator.baseUrl, proxy.baseUrl))
  const all = ['--config', 'mortal.config.ts']
  return {
    ...test,
    async killed(killer, args) {
      if (typeof killer === 'string') {
        const { code, output } = await runFleet([...args, ...all], { root, env: { ...env, FLEET_FAILPOINT: killer } })
        expect(code, `${killer}: ${output}`).toBe('SIGKILL')
      } else {
        const process = startFleet([...args, ...all], { root, env })
        proxy.next(killer, () => process.child.kill('SIGKILL'))
        expect(await process.ended, `${killer}: ${process.output()}`).toBe('SIGKILL')
      }
      await emulator.settled()
    },
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
async function expectNothingLeft({ fleet, emulator }: Mortal): Promise<void> {
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
    for (const kill of [1, 2, 3]) {
      const before = Object.keys(await it.branches()).length
      await it.killed(CREATE_PROJECT, ['tenant', 'create', ...made])
      expect(Object.keys(await it.branches()).length, `kill ${kill}`).toBeGreaterThan(before)
    }
    const unfinished: string[] = []
    for (const id of made) {
      const state = await it.fleet.tenants.show(id).then(
        (tenant) => tenant.state,
        () => null,
      )
      if (state !== 'ready') unfinished.push(id)
    }
    await it.create(unfinished)
    expect(await it.branches()).toEqual(Object.fromEntries(made.map((id) => [id, [TENANT]])))
    expect(Object.values(await it.histories(made))).toEqual(made.map(() => [FIRST, SECOND]))
    await expectNothingLeft(it)
  })
})
