import { beforeEach, expect, test } from 'vitest'
import { diagnoseFleet } from '../../../src/fleet/open-fleet.ts'
import { needsEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { setupBranchFleet, setupNeonFleet } from './neon-fleet.ts'

beforeEach(needsEmulator)

test('a sweep says of a project that is gone for how long Neon can recover it', async () => {
  const { fleet, create, emulator } = await setupNeonFleet()
  await create(['a'])
  const [project] = (await emulator.client.listProjects({})).data.projects
  await emulator.client.deleteProject(project?.id ?? '')
  expect(await Array.fromAsync(fleet.sweep())).toMatchObject([
    {
      key: 'a',
      verdict: 'left',
      remedy: expect.stringMatching(
        /^Recover it with the service .* for 7 days .*; or give it up with `fleet tenant delete a`\.$/,
      ),
    },
  ])
})

test('a sweep says of a branch that is gone which restore points are all that there is of its tenant', async () => {
  const { fleet, create, emulator } = await setupBranchFleet()
  await create(['a'])
  const projectId = (await emulator.client.listProjects({})).data.projects[0]?.id ?? ''
  const { id } = await fleet.restorePoints.create('a')
  const { branches } = (await emulator.client.listProjectBranches({ projectId })).data
  const tenant = branches.find(({ name }) => name.endsWith('/a/db'))?.id ?? ''
  // What hangs under it keeps it from being deleted; without its name it is nobody's.
  await emulator.client.updateProjectBranch(projectId, tenant, { branch: { name: 'elsewhere' } })
  await emulator.settled()
  expect(await Array.fromAsync(fleet.sweep())).toMatchObject([
    { key: 'a', verdict: 'left', remedy: expect.stringContaining(`\`fleet tenant delete a\`, and with it ${id},`) },
  ])
})

test('an organisation that there is not is named by the doctor', async () => {
  const { config } = await setupNeonFleet()
  expect(await diagnoseFleet(config({ orgId: 'org-of-nobody' }))).toContainEqual({
    subject: 'Neon',
    verdict: 'error',
    message: expect.stringMatching(/^provider\.orgId: .*org-of-nobody/),
    remedy: expect.stringContaining('organi'),
  })
})
