import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import type { Failpoint } from '../../../src/lib/failpoint.ts'
import { createPostgresProvider } from '../../../src/providers/postgres/postgres-provider.ts'
import { setup, type TestFleet } from '../../conformance/provider-setup.ts'
import { admin, superuser } from '../../support/test-server.ts'
import { serverUnderTest } from './server-under-test.ts'

let fleet: TestFleet
beforeEach(async () => {
  const open = () => createPostgresProvider({ servers: [{ name: 'main', admin: admin() }] })
  fleet = await setup(serverUnderTest({ open, superuser: superuser() }))
})
afterEach(() => fleet.cleanUp())

const FAILPOINTS: readonly Failpoint[] = [
  'template.database-created',
  'template.migrated',
  'tenant.database-created',
  'tenant.database-opened',
  'tenant.database-dropped',
]

test.each(FAILPOINTS)('killed at %s, another process goes on and a deletion leaves nothing', async (failpoint) => {
  const { provider, template, tenant, application, inside, mark, server, whatIsLeft } = fleet
  expect(await run(failpoint)).toBe('SIGKILL')
  const model = await template('k1', 'create table note (text text)')
  const placement = await tenant(model, 'one')
  expect(await inside(application(placement), 'select count(*)::int from note')).toEqual([{ count: 0 }])
  await provider.deleteDatabase(placement, mark('tenant', 'one'))
  if (model.ref !== null) await provider.deleteTemplate(model.ref, mark('template', 'k1'))
  expect(await whatIsLeft()).toEqual([])
  expect(server).toBe('main')
})

test.each(FAILPOINTS.filter((it) => it.startsWith('tenant')))(
  'what a process killed at %s left is deleted by its plan',
  async (failpoint) => {
    const { provider, fleet: name, mark, server, whatIsLeft } = fleet
    expect(await run(failpoint)).toBe('SIGKILL')
    await provider.deleteDatabase(provider.plannedPlacement(server, mark('tenant', 'one')), mark('tenant', 'one'))
    expect(await whatIsLeft()).toEqual([`${name}__template_k1`])
  },
)

test('a process that nobody kills leaves the template only', async () => {
  expect(await run(undefined)).toBe(0)
  expect(await fleet.whatIsLeft()).toEqual([`${fleet.fleet}__template_k1`])
})

/** Returns the signal that ended the process, or its exit code. */
async function run(failpoint: Failpoint | undefined): Promise<unknown> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'killed.ts')], {
    env: {
      ...process.env,
      FLEET_SERVER_URL: inject('adminUrl'),
      FLEET_NAME: fleet.fleet,
      ...(failpoint ? { FLEET_FAILPOINT: failpoint } : {}),
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [code, signal] = await once(child, 'exit')
  return signal ?? code
}
