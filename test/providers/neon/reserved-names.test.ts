import { beforeEach, expect, test } from 'vitest'
import { needsEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { setupNeonAccount } from './neon-account-for-test.ts'
import { setupNeonFleet } from './neon-fleet.ts'

beforeEach(needsEmulator)

test.each(
  ['project-per-tenant', 'branch-per-tenant'].flatMap((placement) => [
    [placement, 'fleet', 'owner'],
    [placement, 'neon', 'superuser'],
    [placement, 'neondb', 'owner'],
  ]),
)(
  'with %s, tenant of fleet "%s" is not called "%s", after a role that is there for something else',
  async (placement, name, id) => {
    const { fleet, create, emulator } = await setupNeonFleet({ name }, {}, { placement } as object)
    await expect(create(['a', id])).rejects.toMatchObject({
      code: 'TENANT_ID_INVALID',
      message: expect.stringContaining(`"${name}_${id}"`),
    })
    expect(await Array.fromAsync(fleet.tenants.list())).toEqual([])
    expect((await emulator.client.listProjects({})).data.projects).toEqual([])
  },
)

test("a tenant does not get the login role that owns a project of somebody's making", async () => {
  const account = await setupNeonAccount({}, 'branch-per-tenant')
  const mark = account.mark('tenant', 'boss')
  const branch = { role_name: `${mark.fleet}_boss`, database_name: 'd' }
  const { data } = await account.emulator.client.createProject({ project: { name: 'mine', pg_version: 18, branch } })
  await account.emulator.settled()
  const provider = account.open({ templateProjectId: data.project.id })
  const spec = { server: 'neon', extensions: [], mark: account.mark('template', 'k') }
  const template = await provider.ensureTemplate(spec, async () => {})
  const before = await account.projects()
  await expect(provider.createDatabase({ ...spec, mark, template, password: account.password })).rejects.toMatchObject({
    code: 'TENANT_ID_INVALID',
    message: expect.stringContaining(branch.role_name),
  })
  expect(await account.projects()).toEqual(before)
})
