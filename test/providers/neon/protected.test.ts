import { beforeEach, describe, expect, test } from 'vitest'
import { runFleet } from '../../support/fleet-process.ts'
import { needsEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { setupNeonFleet } from './neon-fleet.ts'

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
  await emulator.client.updateProjectBranch(project, main, { branch: { protected: true } })
  await emulator.settled(project)
  const isProtected = async () => (await branches()).find(({ id }) => id === main)?.protected
  const rows = async () => (await asApplication('a', (client) => client.query('select id from items order by 1'))).rows
  return { ...made, point, isProtected, rows }
}

describe('a protected branch', () => {
  test('is restored, and protected again', async () => {
    const { fleet, isProtected, rows } = await setup()
    await fleet.restore('a', { acceptDataLoss: true })
    expect(await rows()).toEqual([{ id: 1 }])
    expect(await isProtected()).toBe(true)
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
