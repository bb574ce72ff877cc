import { setTimeout as delay } from 'node:timers/promises'
import { beforeEach, describe, expect, test } from 'vitest'
import { loadConfig } from '../../../src/config/load-config.ts'
import { openFleet } from '../../../src/fleet/open-fleet.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { databaseName } from '../../../src/providers/database-names.ts'
import { neonName, ownerAnnotations } from '../../../src/providers/neon/names.ts'
import { needsEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { mortal } from './mortal.ts'
import { setupNeonAccount } from './neon-account-for-test.ts'
import { type NeonFleet, setupBranchFleet, setupNeonFleet } from './neon-fleet.ts'
import { seeProjects } from './see-projects.ts'

beforeEach(needsEmulator)

const CREATE_PROJECT = /^POST \S+\/projects$/

/** Makes a project of the same name and annotations as that of a tenant, as an answer that was lost for long would leave it. */
async function makeAnother({ emulator }: NeonFleet, id: string): Promise<void> {
  const { client, orgId } = emulator
  const { data } = await client.listProjects({ org_id: orgId, search: `/${id}/db` })
  const [project] = data.projects
  if (project === undefined) throw new Error(`There is no project of ${id}.`)
  const { data: branches } = await client.listProjectBranches({ projectId: project.id })
  const [annotation] = Object.values(branches.annotations)
  // Neon tells when a project was made to the second.
  await emulator.clock.advance(2_000)
  await client.createProject({
    project: { name: project.name, org_id: orgId, pg_version: 18, branch: { annotations: annotation?.value ?? {} } },
  })
  await emulator.settled()
}

async function projectIds({ emulator: { client, orgId } }: NeonFleet): Promise<readonly string[]> {
  return (await client.listProjects({ org_id: orgId })).data.projects.map(({ id }) => id)
}

test('a sweep removes a second project of the name of a tenant once it is old, and never the tenant', async () => {
  const it = await setupNeonFleet()
  const { fleet, create, root, asApplication } = it
  await create(['a', 'b'])
  await asApplication('a', (client) => client.query('insert into items values (1, 10)'))
  const before = await projectIds(it)
  await makeAnother(it, 'a')
  expect(await Array.fromAsync(fleet.sweep({ remove: true }))).toEqual([])
  expect(await projectIds(it)).toHaveLength(3)

  const clock = { ...systemClock, now: () => new Date(Date.now() + 2 * 3_600_000) }
  const later = await openFleet(await loadConfig({ cwd: root }), { clock })
  const finding = { subject: 'database', kind: 'tenant', key: 'a', remedy: null }
  expect(await Array.fromAsync(later.sweep())).toMatchObject([{ ...finding, verdict: 'would-remove' }])
  expect(await Array.fromAsync(later.sweep({ remove: true }))).toMatchObject([{ ...finding, verdict: 'removed' }])
  expect(await Array.fromAsync(later.sweep())).toEqual([])
  await later.close()
  expect((await projectIds(it)).toSorted()).toEqual(before.toSorted())
  expect((await asApplication('a', (client) => client.query('select * from items'))).rows).toEqual([
    { id: 1, price: 10 },
  ])
})

test('a project whose record is lost is left, and said how it is kept', async () => {
  const it = await setupNeonFleet()
  const { fleet, create, inCatalog } = it
  await create(['a'])
  await inCatalog((client) => client.query(`update fleet.tenant set state = 'deleted', placement = null`))
  const [id] = await projectIds(it)
  expect(await Array.fromAsync(fleet.sweep({ remove: true }))).toMatchObject([
    { verdict: 'left', key: 'a', remedy: expect.stringContaining(`${id} in Neon's console`) },
  ])
  expect(await projectIds(it)).toEqual([id])
})

test('a sweep removes the older of two, once it is old, where the tenant is recorded to be the younger', async () => {
  const it = await setupNeonFleet()
  const { create, root, asApplication, inCatalog } = it
  await create(['a'])
  const [older] = await projectIds(it)
  await makeAnother(it, 'a')
  const younger = (await projectIds(it)).find((id) => id !== older)
  const record = (id: string | undefined) =>
    inCatalog((client) =>
      client.query(
        `update fleet.tenant set placement =
           jsonb_set(jsonb_set(placement, '{databaseId}', to_jsonb($1::text)), '{own,ids,project}', to_jsonb($1::text))`,
        [id],
      ),
    )
  await record(younger)
  const clock = { ...systemClock, now: () => new Date(Date.now() + 2 * 3_600_000) }
  const later = await openFleet(await loadConfig({ cwd: root }), { clock })
  const findings = [{ subject: 'database', kind: 'tenant', key: 'a', verdict: 'removed' }]
  expect(await Array.fromAsync(later.sweep({ remove: true }))).toMatchObject(findings)
  expect(await projectIds(it)).toEqual([younger])

  // Of those whose tenant nobody knows, none is removed.
  await makeAnother(it, 'a')
  await inCatalog((client) => client.query(`update fleet.tenant set state = 'deleted', placement = null`))
  expect((await Array.fromAsync(later.sweep({ remove: true }))).map(({ verdict }) => verdict)).toEqual(['left'])
  await later.close()
  expect(await projectIds(it)).toHaveLength(2)
  await expect(asApplication('a', async () => {})).rejects.toMatchObject({ code: 'TENANT_UNKNOWN' })
})

test('a project without a record is removed once it is old, if no compute of it has ever started', async () => {
  const it = await setupNeonFleet()
  const { fleet, create, root, inCatalog, emulator } = it
  await create(['a'])
  emulator.faults.failOperation({ action: 'start_compute', how: 'stays' })
  await expect(create(['b'])).rejects.toMatchObject({ code: 'SERVICE_BUSY' })
  await emulator.settled()
  const left = async (from: Pick<typeof fleet, 'sweep'>) =>
    (await Array.fromAsync(from.sweep({ remove: true }))).map(({ key, verdict }) => [key, verdict]).toSorted()
  expect(await left(fleet)).toEqual([])
  await inCatalog((client) => client.query(`update fleet.tenant set state = 'deleted', placement = null`))
  const both = [
    ['a', 'left'],
    ['b', 'left'],
  ]
  expect(await left(fleet)).toEqual(both)

  const clock = { ...systemClock, now: () => new Date(Date.now() + 2 * 3_600_000) }
  const later = await openFleet(await loadConfig({ cwd: root }), { clock })
  expect(await left(later)).toEqual([
    ['a', 'left'],
    ['b', 'removed'],
  ])
  await later.close()
  expect((await seeProjects(emulator)).map(({ name }) => name.split('/').at(-2))).toEqual(['a'])
})

describe('a project that Neon does not find by its name yet', () => {
  test('is waited for by a creation that is tried again, and by no other', async () => {
    const account = await setupNeonAccount({ searchLagMs: 400 })
    const { emulator, mark } = account
    const asked = () => emulator.calls.log.filter(({ call }) => call === 'listProjects').length
    await account.tenant('a')
    // Before it is made, and after.
    expect(asked()).toBe(2)

    const b = mark('tenant', 'b')
    const branch = {
      name: 'main',
      role_name: 'fleet_owner',
      database_name: databaseName(b),
      annotations: ownerAnnotations(b),
    }
    const { data } = await emulator.client.createProject({ project: { name: neonName(b), pg_version: 18, branch } })
    const { databaseId } = await account.tenant('b', undefined, { isRetry: true })
    expect(databaseId).toBe(data.project.id)
    expect(await account.projects()).toHaveLength(2)
  })

  test('is neither doubled nor left behind where its process was killed before it was recorded', async () => {
    const it = await mortal(() => setupNeonFleet({}, { searchLagMs: 6_000 }))
    const { fleet, create, emulator } = it
    await it.killed(CREATE_PROJECT, ['tenant', 'create', 'b'])
    await create(['b'])
    await it.killed(CREATE_PROJECT, ['tenant', 'create', 'c'])
    await fleet.tenants.delete(['c'])
    await delay(6_500)
    expect((await seeProjects(emulator)).map(({ name }) => name.split('/').at(-2))).toEqual(['b'])
    expect(await Array.fromAsync(fleet.sweep())).toEqual([])
  })

  test('is deleted with a tenant whose creation was taken up again and killed before it did anything', async () => {
    const it = await mortal(setupNeonFleet)
    await it.killed(CREATE_PROJECT, ['tenant', 'create', 'a'])
    await it.killed('tenant.recorded', ['tenant', 'create', 'a'])
    await it.fleet.tenants.delete(['a'])
    expect(await seeProjects(it.emulator)).toEqual([])
  })

  test('is not doubled where it is that of the branches of all tenants', async () => {
    const it = await mortal(() => setupBranchFleet({}, { searchLagMs: 6_000 }))
    await it.killed(CREATE_PROJECT, ['tenant', 'create', 'a'])
    await it.create(['a'])
    expect(await seeProjects(it.emulator)).toHaveLength(1)
  })
})
