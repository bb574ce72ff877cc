import { beforeEach, expect, test } from 'vitest'
import { neonName, type Owner, ownerAnnotations } from '../../../src/providers/neon/names.ts'
import { needsEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { setupNeonAccount } from './neon-account-for-test.ts'

beforeEach(needsEmulator)

test('what another catalog in the same project has kept is left alone, though it has the same name', async () => {
  const account = await setupNeonAccount({}, 'branch-per-tenant')
  const { emulator, provider, mark } = account
  const placement = await account.tenant('a')
  const { project = '', branch: parent_id = '' } = placement.own?.ids ?? {}
  const kept = mark('kept-state', 'p1')
  const keep = async (owner: Owner) => {
    await emulator.client.createProjectBranch(project, {
      branch: { parent_id, name: neonName(kept) },
      annotation_value: ownerAnnotations(owner),
    })
    await emulator.settled()
  }
  const isKept = async () =>
    (await account.projects()).some(({ branches }) => branches.some(({ name }) => name === neonName(kept)))
  const release = () =>
    provider.releaseRestorePoint({ ...provider.plannedRestorePoint(placement, kept), databaseId: null }, kept)

  await keep({ ...kept, catalogId: 'of-another' })
  await expect(release()).rejects.toMatchObject({ code: 'DATABASE_FOREIGN' })
  expect(await isKept()).toBe(true)
  const { branches } = (await emulator.client.listProjectBranches({ projectId: project })).data
  await emulator.client.deleteProjectBranch({
    projectId: project,
    branchId: branches.find(({ name }) => name === neonName(kept))?.id ?? '',
  })
  await emulator.settled()

  await keep(kept)
  expect(await release()).toBe(true)
  expect(await isKept()).toBe(false)
})
