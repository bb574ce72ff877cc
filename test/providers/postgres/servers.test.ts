import { expect, test } from 'vitest'
import type { Clock } from '../../../src/lib/clock.ts'
import { Secret } from '../../../src/model/secret.ts'
import { createPostgresProvider } from '../../../src/providers/postgres/postgres-provider.ts'
import { setup } from '../../conformance/provider-setup.ts'
import { superuser } from '../../support/test-server.ts'
import { serverUnderTest } from './server-under-test.ts'

/** Sleeps not at all: what would be tried again later is tried again at once. */
const hurried: Clock = { now: () => new Date(), sleep: async () => {}, every: () => () => {} }
const PASSWORD = 'hunter2'
const unreachable = {
  ...superuser,
  host: '127.0.0.1',
  port: 1,
  database: 'postgres',
  user: 'anna',
  tls: 'off',
  password: new Secret(PASSWORD),
} as const
const secretIn = (value: unknown) =>
  JSON.stringify(value, (_, it) => (it instanceof Error ? `${it.stack}${it.cause}` : it)).includes(PASSWORD)

test('a server that does not answer is named, and diagnosed without an exception', async () => {
  const provider = createPostgresProvider({ servers: [{ name: 'far', admin: unreachable }], clock: hurried })
  const refused = await provider.capabilities().catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 'SERVER_UNREACHABLE', message: expect.stringMatching(/127\.0\.0\.1:1 /) })
  const found = await provider.diagnose()
  expect(found[0]).toMatchObject({
    subject: 'server far',
    verdict: 'error',
    message: expect.stringMatching(/127\.0\.0\.1:1/),
    remedy: expect.any(String),
  })
  expect(secretIn([refused, found])).toBe(false)
  await provider.close()
})

test('a wrong password is said to be one, and not repeated', async () => {
  const admin = { ...superuser(), password: new Secret(PASSWORD) }
  const provider = createPostgresProvider({ servers: [{ name: 'main', admin }] })
  const found = await provider.diagnose()
  expect(found[0]).toMatchObject({ verdict: 'error', message: expect.stringMatching(/refuses user/) })
  expect(secretIn(found)).toBe(false)
  await provider.close()
})

test('traffic that is not encrypted, or not verified, is a warning away from this machine', async () => {
  const finding = async (tls: 'off' | 'no-verify' | 'verify') => {
    const admin = { ...unreachable, host: 'no-such-host.invalid', tls }
    const provider = createPostgresProvider({ servers: [{ name: 'far', admin }], clock: hurried })
    return (await provider.diagnose()).at(-1)
  }
  expect(await finding('off')).toMatchObject({
    verdict: 'warning',
    remedy: expect.stringMatching(/sslmode=verify-full/),
  })
  expect(await finding('no-verify')).toMatchObject({
    verdict: 'warning',
    remedy: expect.stringMatching(/sslmode=verify-full/),
  })
  expect(await finding('verify')).toMatchObject({ verdict: 'ok' })
})

test('an unknown server is refused with the names of the known ones', async () => {
  const provider = createPostgresProvider({ servers: [{ name: 'main', admin: superuser() }] })
  const placement = { server: 'mian', database: 'x', databaseId: null, ownerRole: null, loginRole: null }
  await expect(provider.connect(placement)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(/There are: main\./),
  })
})

test('with several servers, tenants are where they were asked for, and the catalog has no place', async () => {
  const open = () => createPostgresProvider({ servers: ['a', 'b'].map((name) => ({ name, admin: superuser() })) })
  const fleet = await setup(serverUnderTest({ open, superuser: superuser() }))
  await expect(fleet.provider.ensureCatalogDatabase(fleet.fleet)).rejects.toMatchObject({
    remedy: expect.stringMatching(/catalog\.url/),
  })
  expect(fleet.provider.plannedPlacement('b', fleet.mark('tenant', 'one'))).toMatchObject({ server: 'b' })
  expect((await fleet.provider.capabilities()).servers.map((it) => it.server)).toEqual(['a', 'b'])
  await fleet.cleanUp()
})

/** Copies two tenants at the same time, whose looks meet inside as far as they can; returns the order of what happened. */
async function copyTwo(atOnce: number): Promise<readonly string[]> {
  const open = () => createPostgresProvider({ servers: [{ name: 'main', admin: superuser() }], copies: { atOnce } })
  const fleet = await setup(serverUnderTest({ open, superuser: superuser() }))
  const { provider, tenant, template, mark } = fleet
  const made = await template()
  const order: string[] = []
  const both = Promise.withResolvers<void>()
  try {
    const copies = ['one', 'two'].map(async (id) => {
      const placement = await tenant(made, id)
      await provider.createRestorePoint(placement, mark('restore-point', id), {
        observe: async () => {
          order.push('in')
          if (order.length === atOnce) both.resolve()
          await both.promise
          // What copies nothing does not wait for those who copy.
          await provider.capabilities()
        },
        prove: async () => {},
      })
      order.push('out')
    })
    await Promise.all(copies)
    return order
  } finally {
    await fleet.cleanUp()
  }
}

test('as many tenants of a server are copied at once as it is told', async () => {
  expect(await copyTwo(1)).toEqual(['in', 'out', 'in', 'out'])
  expect(await copyTwo(2)).toEqual(['in', 'in', 'out', 'out'])
})

test('databases that are open to everybody are listed with the way to close them', async () => {
  const provider = createPostgresProvider({ servers: [{ name: 'main', admin: superuser() }] })
  const open = (await provider.diagnose()).find((it) => it.message.startsWith('Every tenant'))
  // The maintenance database of a server that nobody has touched is open.
  expect(open).toMatchObject({
    verdict: 'warning',
    remedy: expect.stringMatching(/REVOKE CONNECT, TEMPORARY ON DATABASE "postgres" FROM PUBLIC;/),
  })
  await provider.close()
})
