import { beforeEach, describe, expect, test } from 'vitest'
import { runFleet } from '../../support/fleet-process.ts'
import { needsEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { setupBranchFleet, setupNeonFleet } from './neon-fleet.ts'

beforeEach(needsEmulator)

/** One tenant whose branch is protected, with a restore point from before its second row. */
async function setup() {
  const made = await setupNeonFleet()
  const { fleet, create, asApplication, emulator } = made
  await create(['a'])
  await asApplication('a', (client) => client.query('insert into items values (1, 10)'))
  const point = await fleet.restorePoints.create('a')
  await asApplication('a', (client) => client.query('insert into items values (2, 20)'))
  const project = (await emulator.client.listProjects({})).data.projects[0]?.id ?? ''
  const branches = async () => (await emulator.client.listProjectBranches({ projectId: project })).data.branches
  const main = (await branches()).find((it) => it.default)?.id ?? ''
  const protect = async (isProtected: boolean) => {
    await emulator.client.updateProjectBranch(project, main, { branch: { protected: isProtected } })
    await emulator.settled(project)
  }
  await protect(true)
  const isProtected = async () => (await branches()).find(({ id }) => id === main)?.protected
  const rows = async () => (await asApplication('a', (client) => client.query('select id from items order by 1'))).rows
  return { ...made, point, protect, isProtected, rows }
}

/** What is there of a fleet whose only tenant's branch is protected, with its only restore point. */
async function setupBranch() {
  const made = await setupBranchFleet()
  await made.create(['a'])
  await made.fleet.restorePoints.create('a')
  const project = (await made.emulator.client.listProjects({})).data.projects[0]?.id ?? ''
  const listed = async () => (await made.emulator.client.listProjectBranches({ projectId: project })).data.branches
  const tenant = (await listed()).find(({ name }) => name.endsWith('/a/db'))?.id ?? ''
  const protect = async (isProtected: boolean) => {
    await made.emulator.client.updateProjectBranch(project, tenant, { branch: { protected: isProtected } })
    await made.emulator.settled(project)
  }
  await protect(true)
  return { ...made, protect }
}

/** The deletion of the only tenant is refused, and leaves all as it is; then it is not. */
async function deletedOnceUnprotected({ fleet, protect, root, env }: Awaited<ReturnType<typeof setupBranch>>) {
  const refused = await runFleet(['tenant', 'delete', 'a', '--yes'], { root, env })
  expect(refused).toMatchObject({ code: 5, output: expect.stringContaining('is protected: nothing was deleted.') })
  expect(refused.output).toContain("Lift its protection in Neon's console first.")
  expect(await fleet.tenants.show('a')).toMatchObject({ state: 'ready' })
  expect(await fleet.restorePoints.list()).toMatchObject([{ state: 'ready' }])
  await fleet.tenants.url('a')
  await protect(false)
  await fleet.tenants.delete(['a'])
  expect(await Array.fromAsync(fleet.tenants.list())).toEqual([])
}

test('a tenant with a project that has a protected branch stays ready when its deletion is refused', async () => {
  await deletedOnceUnprotected(await setup())
})

test('a tenant that is a protected branch stays ready when its deletion is refused', async () => {
  await deletedOnceUnprotected(await setupBranch())
})

describe('a protected branch', () => {
  test('is restored, and protected again', async () => {
    const { fleet, isProtected, rows } = await setup()
    await fleet.restore('a', { acceptDataLoss: true })
    expect(await rows()).toEqual([{ id: 1 }])
    expect(await isProtected()).toBe(true)
  })

  test('gets no restore point where Neon does not serve that, and it is not said that there may be one', async () => {
    const { fleet } = await setup()
    await expect(fleet.restorePoints.create('a')).rejects.toMatchObject({
      code: 'SERVICE_REFUSED',
      message: expect.stringMatching(/^Restore point p2 was not made\. Neon: "emulator: /),
      remedy: expect.stringContaining('Nothing was done.'),
    })
  })

  test('is restored, and protected again, though the answers to both changes of its protection are lost', async () => {
    const { fleet, emulator, isProtected, rows } = await setup()
    emulator.faults.next({ call: 'updateProjectBranch', times: 2, fault: 'loseResponse' })
    await fleet.restore('a', { acceptDataLoss: true })
    expect(await rows()).toEqual([{ id: 1 }])
    expect(await isProtected()).toBe(true)
  })

  test('that a killed restore has left without protection gets it back from the next command', async () => {
    const { root, env, isProtected, rows } = await setup()
    const restore = ['restore', 'a', '--accept-data-loss', '--yes']
    const killed = await runFleet(restore, { root, env: { ...env, FLEET_FAILPOINT: 'restore.prepared' } })
    expect(killed.code).toBe('SIGKILL')
    expect(await isProtected()).toBe(false)
    expect(await runFleet(['status'], { root, env })).toMatchObject({ code: 0 })
    expect(await isProtected()).toBe(true)
    expect(await rows()).toEqual([{ id: 1 }, { id: 2 }])
    expect(await runFleet(restore, { root, env })).toMatchObject({ code: 0 })
    expect(await rows()).toEqual([{ id: 1 }])
    expect(await isProtected()).toBe(true)
  })
})
