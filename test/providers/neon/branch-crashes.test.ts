import { beforeEach, describe, expect, test } from 'vitest'
import { FIRST, ids, SECOND } from '../../support/fleet.ts'
import { needsEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { type Killer, type Mortal, mortal } from './mortal.ts'
import { setupBranchFleet } from './neon-fleet.ts'
import { type SeenProject, seeProjects } from './see-projects.ts'

beforeEach(needsEmulator)

const CREATE_BRANCH = /^POST \S+\/branches$/
const CHANGE_BRANCH = /^PATCH \S+\/branches\/[^/]+$/
const DELETE_BRANCH = /^DELETE \S+\/branches\/[^/]+$/
const RESET_PASSWORD = /^POST \S+\/reset_password$/
const CREATE_ENDPOINT = /^POST \S+\/endpoints$/
const DELETE_ENDPOINT = /^DELETE \S+\/endpoints\/[^/]+$/
const CREATE_PROJECT = /^POST \S+\/projects$/

const ROWS = 'select id from items order by id'

/** What hangs under what, with how many computes; ids of the fleet and the catalog, and numbers, are left out. */
async function tree({ emulator }: Mortal): Promise<readonly string[]> {
  const projects = await seeProjects(emulator)
  expect(projects).toHaveLength(1)
  const nameOf = (name: string | null) =>
    name
      ?.split('/')
      .slice(-2)
      .join('/')
      .replace(/p\d+$|^[0-9a-f]{8}(?=\/template)/, '') ?? ''
  const line = ({ name, parent, computes }: SeenProject['branches'][number]) =>
    `${nameOf(parent)} > ${nameOf(name)} ${computes}`
  return projects.flatMap(({ branches }) => branches.map(line)).toSorted()
}

const TEMPLATE = 'main > /template 0'
const ROOT = ' > main 1'
const made = (...keys: readonly string[]) =>
  [ROOT, ...keys.map((key) => `/template > ${key}/db 1`), TEMPLATE].toSorted()
/** Branches that were never finished expire. */
const finished = (lines: readonly string[]) => lines.filter((it) => !it.includes('unfinished-'))

async function expectNothingLeft(it: Mortal): Promise<void> {
  const { fleet, emulator } = it
  expect(await Array.fromAsync(fleet.sweep())).toEqual([])
  const tenants = await Array.fromAsync(fleet.tenants.list())
  await fleet.tenants.delete(tenants.filter(({ state }) => state !== 'deleted').map(({ id }) => id))
  await emulator.settled()
  expect(await tree(it)).toEqual([ROOT, TEMPLATE])
  expect(await Array.fromAsync(fleet.sweep())).toEqual([])
}

describe('killed', () => {
  test('while the template is made, the next one makes it, in the same project', async () => {
    const killers: Killer[] = [
      CREATE_PROJECT,
      CREATE_BRANCH,
      'template.database-created',
      'template.migrated',
      CHANGE_BRANCH,
      DELETE_ENDPOINT,
    ]
    const it = await mortal(setupBranchFleet)
    for (const [index, killer] of killers.entries()) {
      await it.killed(killer, ['template', 'build'])
      await it.fleet.templates.build()
      const recorded = await it.fleet.templates.show()
      expect(recorded[0]?.version, String(killer)).toBe(index === 0 ? SECOND : `000${index + 2}_more`)
      expect(await tree(it), String(killer)).toEqual([ROOT, ...recorded.map(() => TEMPLATE)])
      // Another one for the next.
      await it.migration(`000${index + 3}_more`, `await sql\`create table more_${index} ()\`.execute(db)`)
    }
  })

  test('while a tenant is made, it is made by the next one, once', async () => {
    const it = await mortal(setupBranchFleet)
    await it.fleet.templates.build()
    const killers: Killer[] = [
      CREATE_BRANCH,
      RESET_PASSWORD,
      CHANGE_BRANCH,
      'tenant.database-created',
      'tenant.database-opened',
    ]
    const all = ids(killers.length)
    for (const [index, killer] of killers.entries()) {
      const id = all[index] ?? ''
      await it.killed(killer, ['tenant', 'create', id])
      expect(await it.fleet.tenants.show(id), String(killer)).toMatchObject({ state: 'creating' })
      await it.create([id])
      await it.asApplication(id, (client) => client.query('insert into items values (1, 10)'))
      expect(finished(await tree(it)), String(killer)).toEqual(made(...all.slice(0, index + 1)))
    }
    expect(Object.values(await it.histories(all))).toEqual(all.map(() => [FIRST, SECOND]))
    await expectNothingLeft(it)
  })

  test('while a tenant returns, it has returned when it is run again, once, and what it was is kept', async () => {
    const it = await mortal(setupBranchFleet)
    const { fleet, asApplication } = it
    const killers: Killer[] = ['restore.prepared', DELETE_ENDPOINT, CHANGE_BRANCH, CREATE_ENDPOINT, 'restore.done']
    const all = ids(killers.length)
    await it.create(all)
    for (const [index, killer] of killers.entries()) {
      const id = all[index] ?? ''
      await asApplication(id, (client) => client.query('insert into items values (1, 10)'))
      await fleet.restorePoints.create(id)
      await asApplication(id, (client) => client.query('insert into items values (2, 20)'))
      await it.killed(killer, ['restore', id, '--yes', '--accept-data-loss'])
      const restored = await fleet.restore(id, { acceptDataLoss: true })
      expect(restored.endpointChanged).toBe(true)
      const rows = (await asApplication(id, (client) => client.query(ROWS))).rows
      expect(rows, String(killer)).toEqual([{ id: 1 }])
      const lines = await tree(it)
      expect(lines, String(killer)).toContain(`undo/ > ${id}/db 1`)
      expect(lines.filter((line) => line === '/template > undo/ 0')).toHaveLength(index + 1)
      const points = await fleet.restorePoints.list({ tenantId: id })
      expect(
        points.map(({ state }) => state),
        String(killer),
      ).toEqual(['ready', 'restored'])
    }
    await expectNothingLeft(it)
  })

  test('before a tenant has lost its compute, the tenant is used as before, also once its return was refused', async () => {
    const it = await mortal(setupBranchFleet)
    const { fleet, asApplication } = it
    await it.create(['a'])
    await asApplication('a', (client) => client.query('insert into items values (1, 10)'))
    await fleet.restorePoints.create('a')
    const url = await fleet.tenants.url('a', { reveal: true })
    await it.killed(CHANGE_BRANCH, ['restore', 'a', '--yes', '--accept-data-loss'])
    // Nobody has agreed to lose this.
    await asApplication('a', (client) => client.query('insert into items values (2, 20)'))
    await expect(fleet.restore('a')).rejects.toMatchObject({ code: 'RESTORE_REFUSED' })
    expect(await tree(it)).toContain('/template > a/db 1')
    expect(await fleet.tenants.url('a', { reveal: true })).toBe(url)
    expect((await asApplication('a', (client) => client.query(ROWS))).rows).toEqual([{ id: 1 }, { id: 2 }])
    await fleet.restore('a', { acceptDataLoss: true })
    expect((await asApplication('a', (client) => client.query(ROWS))).rows).toEqual([{ id: 1 }])
    await expectNothingLeft(it)
  })

  test('after a tenant has lost its compute, the next one goes on, and asks nobody what was agreed to', async () => {
    const it = await mortal(setupBranchFleet)
    const { fleet, asApplication } = it
    await it.create(['a'])
    await asApplication('a', (client) => client.query('insert into items values (1, 10)'))
    await fleet.restorePoints.create('a')
    await asApplication('a', (client) => client.query('insert into items values (2, 20)'))
    await it.killed(DELETE_ENDPOINT, ['restore', 'a', '--yes', '--accept-data-loss'])
    await it.killed(CREATE_ENDPOINT, ['restore', 'a', '--yes'])
    await fleet.restore('a')
    expect((await asApplication('a', (client) => client.query(ROWS))).rows).toEqual([{ id: 1 }])
    await expectNothingLeft(it)
  })

  test('while a tenant returns to a restore point whose time is over meanwhile, it can be brought to its end', async () => {
    const it = await mortal(setupBranchFleet)
    const { fleet, asApplication, inCatalog } = it
    await it.create(['a'])
    await asApplication('a', (client) => client.query('insert into items values (1, 10)'))
    const { id } = await fleet.restorePoints.create('a')
    await it.killed(CREATE_ENDPOINT, ['restore', 'a', '--yes', '--accept-data-loss'])
    await inCatalog((client) => client.query(`update fleet.restore_point set keep = interval '0'`))
    expect(await Array.fromAsync(fleet.restorePoints.prune())).toEqual([])
    expect(await fleet.restore('a')).toMatchObject({ point: { id, state: 'restored' } })
    expect((await asApplication('a', (client) => client.query(ROWS))).rows).toEqual([{ id: 1 }])
    await expectNothingLeft(it)
  })

  test('while a tenant is deleted, it is gone when it is deleted again', async () => {
    const it = await mortal(setupBranchFleet)
    const { fleet } = it
    const killers: Killer[] = [DELETE_BRANCH, 'tenant.database-dropped']
    const all = ids(killers.length)
    await it.create(all)
    for (const [index, killer] of killers.entries()) {
      const id = all[index] ?? ''
      await fleet.restorePoints.create(id)
      await fleet.restore(id, { acceptDataLoss: true })
      await fleet.restorePoints.create(id)
      await it.killed(killer, ['tenant', 'delete', id, '--yes'])
      await fleet.tenants.delete([id])
      const lines = await tree(it)
      expect(
        lines.filter((line) => !line.includes('/template')),
        String(killer),
      ).toEqual(index + 1 === all.length ? [ROOT] : expect.anything())
      expect(
        lines.some((line) => line.includes(`${id}/db`)),
        String(killer),
      ).toBe(false)
    }
    await expectNothingLeft(it)
  })
})
