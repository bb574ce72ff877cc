import { randomBytes } from 'node:crypto'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { Secret } from '../../../src/model/secret.ts'
import { closeClient, openClient, withClient } from '../../../src/postgres/connect.ts'
import { quoteIdentifier, quoteLiteral } from '../../../src/postgres/identifiers.ts'
import { createPostgresProvider } from '../../../src/providers/postgres/postgres-provider.ts'
import { deleteUnderSession } from '../../conformance/common-acts.ts'
import { setup, type TestFleet } from '../../conformance/provider-setup.ts'
import { superuser, uniqueName } from '../../support/test-server.ts'
import { ensureRoles } from './ensure-roles.ts'
import { serverUnderTest } from './server-under-test.ts'

const cleanUps: (() => Promise<void>)[] = []
beforeAll(ensureRoles)
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** An admin with the attributes alone, and a fleet on it; fleet_owner and fleet_app were made by somebody else. */
async function deployer(): Promise<TestFleet & { user: string }> {
  const user = uniqueName('deploy')
  const password = randomBytes(18).toString('base64url')
  const role = quoteIdentifier(user)
  await asSuperuser(`create role ${role} login createdb createrole password ${quoteLiteral(password)}`)
  cleanUps.push(() =>
    asSuperuser(`revoke fleet_owner, fleet_app from ${role} cascade; drop owned by ${role} cascade; drop role ${role}`),
  )
  const admin = { ...superuser(), user, password: new Secret(password) }
  const open = () => createPostgresProvider({ servers: [{ name: 'main', admin }] })
  const fleet = await setup(serverUnderTest({ open, superuser: superuser() }))
  cleanUps.push(fleet.cleanUp)
  return { ...fleet, user }
}

async function asSuperuser(sql: string): Promise<void> {
  await withClient(superuser(), { applicationName: 'fleet/test' }, (client) => client.query(sql))
}

test('an admin that lacks grants is told what to run, and then it works', async () => {
  const { template, tenant, provider, application, inside } = await deployer()
  const { servers } = await provider.capabilities()
  const refused = await template().catch((error: unknown) => error)
  if (servers.every((it) => it.version >= 160_000)) {
    expect(refused).toMatchObject({
      code: 'RIGHT_MISSING',
      remedy: expect.stringMatching(/^Run as a superuser: GRANT fleet_owner TO .* ADMIN OPTION;$/),
    })
    const { remedy } = refused as { remedy: string }
    expect(await provider.diagnose()).toContainEqual(expect.objectContaining({ verdict: 'error', remedy }))
    await asSuperuser(remedy.replace('Run as a superuser: ', ''))
  } else {
    // Up to 15, CREATEROLE may grant itself any role that is no superuser.
    expect(refused).toMatchObject({ ref: { server: 'main' } })
  }
  expect((await provider.diagnose()).filter((it) => it.verdict === 'error')).toEqual([])
  const placement = await tenant(await template(), 'one')
  expect(await inside(application(placement), 'select 1 as up')).toEqual([{ up: 1 }])
})

test('an admin that may not signal backends ends the sessions of the tenant it deletes', async () => {
  const fleet = await deployer()
  const { template, tenant, whatIsLeft, user } = fleet
  await asSuperuser(`grant fleet_owner, fleet_app to ${quoteIdentifier(user)} with admin option`)
  const model = await template()
  const placement = await tenant(model, 'one')
  expect(await deleteUnderSession(fleet, { id: 'one', placement })).toMatchObject({ code: '57P01' })
  expect(await whatIsLeft()).toEqual(model.left)
})

test('a session of a superuser stops the deletion, which says what to run, and goes on when it is gone', async () => {
  const { template, tenant, provider, mark, whatIsLeft, user } = await deployer()
  await asSuperuser(`grant fleet_owner, fleet_app to ${quoteIdentifier(user)} with admin option`)
  const model = await template()
  const placement = await tenant(model, 'one')
  const client = await openClient({ ...superuser(), database: placement.database }, { applicationName: 'psql' })
  const refused = await provider.deleteDatabase(placement, mark('tenant', 'one')).catch((error: unknown) => error)
  expect(refused).toMatchObject({
    code: 'RIGHT_MISSING',
    remedy: expect.stringMatching(/^Run as a superuser, .*: SELECT pg_terminate_backend/),
  })
  await asSuperuser((refused as { remedy: string }).remedy.replace(/^.*: (?=SELECT)/, ''))
  await provider.deleteDatabase(placement, mark('tenant', 'one'))
  await closeClient(client)
  expect(await whatIsLeft()).toEqual(model.left)
})

test('a tenant that another admin made is deleted after the grant that is asked for', async () => {
  const { template, tenant, provider, mark, whatIsLeft, user } = await deployer()
  await asSuperuser(`grant fleet_owner, fleet_app to ${quoteIdentifier(user)} with admin option`)
  const model = await template()
  const before = createPostgresProvider({ servers: [{ name: 'main', admin: superuser() }] })
  const placement = await tenant(model, 'one', { by: before })
  await before.close()
  const { servers } = await provider.capabilities()
  if (servers.every((it) => it.version >= 160_000)) {
    const refused = await provider.deleteDatabase(placement, mark('tenant', 'one')).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'RIGHT_MISSING', remedy: expect.stringContaining(' WITH ADMIN OPTION;') })
    await asSuperuser((refused as { remedy: string }).remedy.replace('Run as a superuser: ', ''))
  }
  await provider.deleteDatabase(placement, mark('tenant', 'one'))
  expect(await whatIsLeft()).toEqual(model.left)
})

test('an extension that the server trusts only superusers with is refused by name', async () => {
  const { provider, server, mark, whatIsLeft, user } = await deployer()
  await asSuperuser(`grant fleet_owner, fleet_app to ${quoteIdentifier(user)} with admin option`)
  const spec = { server, mark: mark('template', 'k1'), extensions: ['postgres_fdw'] }
  const building = provider.ensureTemplate(spec, () => expect.unreachable())
  await expect(building).rejects.toMatchObject({
    code: 'RIGHT_MISSING',
    message: expect.stringMatching(/"postgres_fdw"/),
  })
  expect(await whatIsLeft()).toEqual([])
})
