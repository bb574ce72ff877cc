import { EndpointType } from '@neondatabase/api-client'
import { beforeEach, describe, expect, test } from 'vitest'
import { FleetError } from '../../../src/model/errors.ts'
import type { Placement } from '../../../src/model/tenant.ts'
import { neonName, ownerAnnotations } from '../../../src/providers/neon/names.ts'
import { needsEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { type NeonAccountForTest, setupNeonAccount } from './neon-account-for-test.ts'
import { deleteRehearsal, look, READ, rehearse, release, remove, restorePoint, withPoint } from './point-recipes.ts'
import { type NamedRecipe, type Recipe, recipeTests } from './recipes.ts'

beforeEach(needsEmulator)

const NOTHING = { observe: async () => {}, prove: async () => {} }

const setup = (limits = {}) => setupNeonAccount({ limits: { activeEndpoints: 100, ...limits } }, 'branch-per-tenant')

/** With the project and a template: these are made by whoever comes first. */
async function prepared(): Promise<NeonAccountForTest> {
  const account = await setup()
  await account.provider.deleteDatabase(await account.tenant('first'), account.mark('tenant', 'first'))
  return account
}

const create: Recipe = async ({ tenant, asApplication }, id, begin) => {
  begin()
  const placement = await tenant(id)
  await asApplication(placement, `insert into note values ('mine')`)
  return asApplication(placement, READ)
}

const template: Recipe = async ({ provider, mark, inTenant }, id, begin) => {
  begin()
  let built = 0
  const spec = { server: 'neon', mark: mark('template', id), extensions: [] }
  const ref = await provider.ensureTemplate(spec, async () => {
    built += 1
  })
  await provider.ensureTemplate(spec, async () => {
    built += 1
  })
  const entering = inTenant({ ...provider.plannedPlacement('neon', mark('tenant', id)), database: ref.database }, READ)
  return {
    built,
    isOpen: await entering.then(
      () => true,
      () => false,
    ),
  }
}

const restore: Recipe = async (account, id, begin) => {
  const { provider, asApplication, mark } = account
  const { placement, point, pointMark } = await withPoint(account, id)
  let asked = 0
  begin()
  const request = { placement, point, mark: pointMark, keptMark: mark('kept-state', `k-${id}`) }
  const outcome = await provider.restore(request, async (client) => {
    asked += 1
    await client.query(READ)
  })
  return {
    asked,
    hasMoved: JSON.stringify(outcome.placement.own?.address) !== JSON.stringify(placement.own?.address),
    isKept: outcome.kept !== null,
    wasClosed: outcome.closedFor !== null,
    rows: await asApplication(outcome.placement, READ),
    oldRefuses: await asApplication(placement, READ).then(
      () => false,
      () => true,
    ),
  }
}

const RECIPES: readonly NamedRecipe[] = [
  [
    'creating a tenant that is a branch',
    create,
    {
      createProjectBranch: ['create_branch', 'start_compute'],
      resetProjectBranchRolePassword: ['apply_config'],
      updateProjectBranch: [],
    },
  ],
  [
    'making a template that is a branch',
    template,
    { createProjectBranch: ['create_branch'], updateProjectBranch: [], deleteProjectEndpoint: ['suspend_compute'] },
  ],
  [
    'a restore to another branch',
    restore,
    {
      deleteProjectEndpoint: ['suspend_compute'],
      updateProjectBranch: [],
      createProjectEndpoint: ['start_compute'],
    },
  ],
  ['making a restore point that does not expire', restorePoint, { createProjectBranch: ['create_branch'] }],
  [
    'a look into a restore point of a branch',
    look,
    { createProjectEndpoint: ['start_compute'], deleteProjectEndpoint: ['suspend_compute'] },
  ],
  ['a rehearsal of a branch', rehearse, { createProjectBranch: ['create_branch', 'start_compute'] }],
  ['deleting a rehearsal of a branch', deleteRehearsal, { deleteProjectBranch: ['delete_timeline'] }],
  ['releasing a restore point of a branch', release, { deleteProjectBranch: ['delete_timeline'] }],
  ['deleting a tenant that is a branch', remove, { deleteProjectBranch: ['delete_timeline'] }],
]

recipeTests(RECIPES, prepared)

/** Makes the branch of tenant `a` as a process would leave it whose call Neon had not carried out as a whole. */
async function unlasting({ tenant, emulator, mark }: NeonAccountForTest) {
  const other = await tenant('other')
  const projectId = other.own?.ids.project ?? ''
  const template = (await emulator.client.listProjectBranches({ projectId })).data.branches.find(({ name }) =>
    name.endsWith('/template'),
  )
  const tenantMark = mark('tenant', 'a')
  const { data } = await emulator.client.createProjectBranch(projectId, {
    branch: { parent_id: template?.id ?? '', name: neonName(tenantMark), expires_at: emulator.inFuture(3_600_000) },
    endpoints: [{ type: EndpointType.ReadWrite }],
    annotation_value: ownerAnnotations(tenantMark),
  })
  await emulator.settled()
  return { projectId, id: data.branch.id, mark: tenantMark }
}

describe('tenants that are branches', () => {
  const parentsOf = async ({ projects }: NeonAccountForTest) =>
    (await projects()).flatMap(({ branches }) => branches.map(({ name, parent }) => [name, parent] as const))

  test.each(['create_branch', 'start_compute'])(
    'are made by the next run where %s has failed for good',
    async (action) => {
      const account = await setupNeonAccount({}, 'branch-per-tenant')
      const fails = async (what: string, failing = action) => {
        account.failOperation(failing, 'stays')
        await expect(account.tenant('a'), what).rejects.toMatchObject({ code: 'SERVICE_BUSY' })
      }
      await fails('of the project that all share', action === 'create_branch' ? 'create_timeline' : action)
      await fails('of the template')
      await account.tenant('other')
      await fails('of the tenant')
      const placement = await account.tenant('a')
      expect(await account.asApplication(placement, 'select 1 as one')).toEqual([{ one: 1 }])
    },
  )

  test('have owners with passwords of their own', async () => {
    const account = await setup()
    const [one, other] = [await account.tenant('one'), await account.tenant('other')]
    const swapped = { ...one, own: one.own && other.own && { ...one.own, sealed: other.own.sealed } } as Placement
    await expect(account.inTenant(swapped, READ)).rejects.toMatchObject({ code: 'AUTHENTICATION_FAILED' })
  })

  test('are not recorded while Neon would delete them by itself', async () => {
    const account = await setup()
    const { projectId, id, mark } = await unlasting(account)
    await expect(account.tenant('a')).rejects.toMatchObject({
      code: 'SERVICE_REFUSED',
      message: expect.stringContaining('deleted by Neon'),
    })
    await account.emulator.client.updateProjectBranch(projectId, id, { branch: { expires_at: null } })
    expect(await account.tenant('a')).toMatchObject({ databaseId: id })
    await account.provider.deleteDatabase(account.provider.plannedPlacement('neon', mark), mark)
  })

  test('of one project are made by two processes at once, in one project', async () => {
    const account = await setup()
    await Promise.all([account.tenant('a'), account.tenant('b', account.open())])
    expect(await account.projects()).toHaveLength(1)
    const parents = await parentsOf(account)
    expect(parents.filter(([, parent]) => parent?.endsWith('/template'))).toHaveLength(2)
  })

  test('are no more than the plan allows', async () => {
    const account = await setup({ branches: 3 })
    await account.tenant('a')
    await expect(account.tenant('b')).rejects.toMatchObject({
      code: 'SERVICE_LIMIT',
      message: expect.stringContaining('branches of the project'),
    })
    const found = await account.provider.diagnose()
    expect(found).toContainEqual(expect.objectContaining({ message: expect.stringContaining('it has 3 of 5000') }))
  })

  test('return also where somebody has taken their compute away, and a first try was refused', async () => {
    const account = await setup()
    const { placement, point, pointMark } = await withPoint(account, 'a')
    const { project = '', branch = '' } = placement.own?.ids ?? {}
    const { client } = account.emulator
    const [endpoint] = (await client.listProjectBranchEndpoints(project, branch)).data.endpoints
    await client.deleteProjectEndpoint(project, endpoint?.id ?? '')
    await account.emulator.settled()
    const request = { placement, point, mark: pointMark, keptMark: account.mark('kept-state', 'k-a') }
    const refusal = new FleetError('RESTORE_REFUSED', 'rows would be lost')
    const refused = account.provider.restore(request, () => Promise.reject(refusal))
    await expect(refused).rejects.toBe(refusal)
    const outcome = await account.provider.restore(request, async () => {})
    expect(await account.asApplication(outcome.placement, READ)).toEqual([{ text: 'before' }])
  })

  test('are in the project that is configured, with its own database and owner', async () => {
    const account = await setup()
    const { client } = account.emulator
    const { data } = await client.createProject({ project: { name: 'mine', pg_version: 18 } })
    await account.emulator.settled()
    const provider = account.open({ templateProjectId: data.project.id })
    const spec = { server: 'neon', mark: account.mark('template', 'k'), extensions: [] }
    const ref = await provider.ensureTemplate(spec, async () => {})
    const mark = account.mark('tenant', 'a')
    const placement = await provider.createDatabase({ ...spec, mark, template: ref, password: account.password })
    expect(placement.own).toMatchObject({
      ids: { project: data.project.id },
      address: { database: 'neondb', user: 'neondb_owner' },
    })
    const point = await provider.createRestorePoint(placement, account.mark('restore-point', 'p1'), NOTHING)
    const seen: unknown[] = []
    await provider.lookIntoRestorePoint(
      point,
      account.mark('restore-point', 'p1'),
      async (to) => void seen.push(to.user),
    )
    expect(seen).toEqual(['neondb_owner'])
    expect([...(await provider.lookUpDatabases('neon', [placement.database]))]).toHaveLength(1)
    await provider.deleteDatabase(placement, mark)
    expect(await account.projects()).toMatchObject([{ name: 'mine', branches: [{}, {}] }])
    const elsewhere = account.open({ templateProjectId: 'not-there-1' })
    await expect(elsewhere.ensureTemplate(spec, async () => {})).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('not-there-1'),
    })
  })

  test('are neither lost nor deleted by a configuration that says they are projects, nor the other way round', async () => {
    const account = await setup()
    const projects = account.open({ placement: 'project-per-tenant' })
    const branch = await account.tenant('a')
    const spec = { server: 'neon', template: null, extensions: [], mark: account.mark('tenant', 'b') }
    const project = await projects.createDatabase({ ...spec, password: account.password })
    const before = await account.projects()
    for (const [provider, placement, key] of [
      [projects, branch, 'a'],
      [account.provider, project, 'b'],
    ] as const)
      await expect(provider.deleteDatabase(placement, account.mark('tenant', key))).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('provider.placement'),
      })
    expect(await account.projects()).toEqual(before)
  })

  test('are not deleted with what somebody has hung under them', async () => {
    const account = await setup()
    const placement = await account.tenant('a')
    const { project = '', branch = '' } = placement.own?.ids ?? {}
    const { client } = account.emulator
    await client.createProjectBranch(project, { branch: { name: 'mine', parent_id: branch } })
    await account.emulator.settled()
    const before = await parentsOf(account)
    const deletion = account.provider.deleteDatabase(placement, account.mark('tenant', 'a'))
    await expect(deletion).rejects.toMatchObject({
      code: 'DATABASE_FOREIGN',
      message: expect.stringContaining('"mine"'),
    })
    expect(await parentsOf(account)).toEqual(before)
  })

  test('are not deleted with another whose template somebody has renamed', async () => {
    const account = await setup()
    const [placement, other] = [await account.tenant('a'), await account.tenant('b')]
    await account.asApplication(other, `insert into note values ('mine')`)
    const { project = '', branch = '' } = placement.own?.ids ?? {}
    const { client } = account.emulator
    const { data } = await client.getProjectBranch(project, branch)
    await client.updateProjectBranch(project, data.branch.parent_id ?? '', { branch: { name: 'mine' } })
    await account.emulator.settled()
    const before = await parentsOf(account)
    await account.provider.deleteDatabase(placement, account.mark('tenant', 'a'))
    await account.emulator.settled()
    const name = neonName(account.mark('tenant', 'a'))
    expect(await parentsOf(account)).toEqual(before.filter(([it]) => it !== name))
    expect(await account.asApplication(other, READ)).toEqual([{ text: 'mine' }])
  })
})
