import { beforeAll, expect, test } from 'vitest'
import { withClient } from '../../../src/postgres/connect.ts'
import { createPostgresProvider } from '../../../src/providers/postgres/postgres-provider.ts'
import { clonesByReference } from '../../../src/providers/postgres/probe-clone.ts'
import { admin, superuser } from '../../support/test-server.ts'
import { ensureRoles } from './ensure-roles.ts'

beforeAll(ensureRoles)

test.each([
  ['XFS with reflink', { copy: 90, clone: 1 }, true],
  ['ext4', { copy: 50, clone: 109 }, false],
  ['a clone that is only faster', { copy: 90, clone: 18 }, false],
  ['a clone faster than nothing', { copy: 90, clone: -3 }, true],
  ['a server too fast to tell', { copy: 4, clone: 0 }, false],
  ['noise', { copy: -5, clone: -20 }, false],
])('%s: %j', (_, slopes, expected) => {
  expect(clonesByReference(slopes)).toBe(expected)
})

test('a probe says yes or no, leaves no database, and is remembered on the server', async () => {
  const provider = () => createPostgresProvider({ servers: [{ name: 'main', admin: admin() }] })
  const [first, second] = [provider(), provider()]
  const probed = await first.capabilities({ probe: true })
  expect(['yes', 'no']).toContain(probed.servers[0]?.clone)
  expect(await second.capabilities()).toEqual(probed)
  const { rows } = await withClient(superuser(), { applicationName: 'fleet/test' }, (client) =>
    client.query(`select datname from pg_database where datname like 'kysely\\_fleet\\_probe%'`),
  )
  expect(rows).toEqual([])
  await Promise.all([first.close(), second.close()])
})
