import { expect, test } from 'vitest'
import { withClient } from '../../../src/postgres/connect.ts'
import { quoteIdentifier } from '../../../src/postgres/identifiers.ts'
import { giveGrants, readGrants, takeGrants } from '../../../src/providers/neon/database-grants.ts'
import { superuser, uniqueName, withTestDatabase } from '../../support/test-server.ts'

const connect = (role: string | null, grantable = false) => ({ role, privilege: 'CONNECT', grantable })

async function withRole(use: (name: string) => Promise<void>): Promise<void> {
  const name = uniqueName('grants')
  const asSuperuser = (sql: string) => withClient(superuser(), { applicationName: 'test' }, (it) => it.query(sql))
  await asSuperuser(`create role ${quoteIdentifier(name)}`)
  try {
    await use(name)
  } finally {
    await asSuperuser(`drop role ${quoteIdentifier(name)}`)
  }
}

test('all rights of others are taken, and given back to those who are there still', () =>
  withRole((role) =>
    withTestDatabase(async ({ name, connection }) =>
      withClient(connection, { applicationName: 'test' }, async (client) => {
        // A new database has no list of its own: PUBLIC may connect, and make temporary tables.
        const fresh = await readGrants(client)
        expect(fresh).toEqual(
          expect.arrayContaining([connect(null), { role: null, privilege: 'TEMPORARY', grantable: false }]),
        )
        expect(fresh).toHaveLength(2)
        await client.query(
          `grant connect on database ${quoteIdentifier(name)} to ${quoteIdentifier(role)} with grant option`,
        )
        const before = await readGrants(client)
        expect(before).toContainEqual(connect(role, true))
        await takeGrants(client)
        expect(await readGrants(client)).toEqual([])
        await takeGrants(client)
        const gone = connect(`${role}_gone`)
        await giveGrants(client, [...before, gone])
        expect(await readGrants(client)).toEqual(expect.arrayContaining([...before]))
        expect(await readGrants(client)).toHaveLength(before.length)
        await takeGrants(client)
      }),
    ),
  ))

test('a right that somebody has is not given again, and one to hand on is more than one to have', () =>
  withRole((role) =>
    withTestDatabase(async ({ connection }) =>
      withClient(connection, { applicationName: 'test' }, async (client) => {
        await takeGrants(client)
        await giveGrants(client, [connect(role)])
        await giveGrants(client, [connect(role)])
        expect(await readGrants(client)).toEqual([connect(role)])
        await giveGrants(client, [connect(role, true)])
        await giveGrants(client, [connect(role)])
        expect(await readGrants(client)).toEqual([connect(role, true)])
        await giveGrants(client, [])
        await takeGrants(client)
      }),
    ),
  ))
