import { randomBytes } from 'node:crypto'
import { Secret } from '../../src/model/secret.ts'
import { type Client, withClient } from '../../src/postgres/connect.ts'
import { formatConnectionString, parseConnectionString } from '../../src/postgres/connection-string.ts'
import { quoteIdentifier, quoteLiteral } from '../../src/postgres/identifiers.ts'
import { SQLSTATE, sqlstateOf } from '../../src/postgres/sqlstate.ts'

const FLEET_ROLES = ['fleet_owner', 'fleet_app'] as const
/** Runs that start at the same time change the memberships of the same roles, which PostgreSQL refuses. */
const LOCK = 7_205_411

/** Makes an admin that is no superuser, with the rights that `fleet doctor` asks for and no others. */
export async function createLimitedAdmin(superuserUrl: string): Promise<{ url: string; drop(): Promise<void> }> {
  const superuser = parseConnectionString(superuserUrl)
  const name = `fleet_test_admin_${randomBytes(5).toString('hex')}`
  const password = randomBytes(18).toString('base64url')
  const role = quoteIdentifier(name)
  await withClient(superuser, { applicationName: 'fleet/test' }, async (client) => {
    await client.query('select pg_advisory_lock($1)', [LOCK])
    await client.query(`create role ${role} login createdb createrole password ${quoteLiteral(password)}`)
    await client.query(`grant pg_signal_backend to ${role}`)
    const option = (await isBefore16(client)) ? 'admin option' : 'inherit true, set true, admin true'
    for (const fleetRole of FLEET_ROLES.map((it) => quoteIdentifier(it))) {
      await createIfMissing(client, fleetRole)
      await client.query(`grant ${fleetRole} to ${role} with ${option}`)
    }
  })
  return {
    url: formatConnectionString({ ...superuser, user: name, password: new Secret(password) }, { reveal: true }),
    drop: () => dropLimitedAdmin(superuserUrl, name),
  }
}

async function dropLimitedAdmin(superuserUrl: string, name: string): Promise<void> {
  const role = quoteIdentifier(name)
  await withClient(parseConnectionString(superuserUrl), { applicationName: 'fleet/test' }, async (client) => {
    await client.query('select pg_advisory_lock($1)', [LOCK])
    await client.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [name])
    await client.query(`revoke ${FLEET_ROLES.map((it) => quoteIdentifier(it)).join(', ')} from ${role} cascade`)
    await client.query(`drop owned by ${role} cascade`)
    try {
      await client.query(`drop role ${role}`)
    } catch (error) {
      // What a failed test left behind still belongs to it, and is left for who looks into the failure.
      if (sqlstateOf(error) !== '2BP01') throw error
    }
  })
}

async function createIfMissing(client: Client, role: string): Promise<void> {
  try {
    await client.query(`create role ${role} nologin`)
  } catch (error) {
    if (sqlstateOf(error) !== SQLSTATE.duplicateObject) throw error
  }
}

async function isBefore16(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ version: number }>(
    `select current_setting('server_version_num')::int as version`,
  )
  return rows.every((it) => it.version < 160_000)
}
