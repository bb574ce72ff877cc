import type { Diagnosis } from '../../model/diagnosis.ts'
import { FleetError } from '../../model/errors.ts'
import type { ClientBase } from '../../postgres/connect.ts'
import { isLoopback } from '../../postgres/connection-string.ts'
import { quoteIdentifier } from '../../postgres/identifiers.ts'
import { formatServerVersion, majorOf, SUPPORTED, supportOf } from '../../postgres/server-version.ts'
import type { ServerCapabilities } from '../provider.ts'
import { type AdminRights, missingGrants, readAdminRights } from './admin-rights.ts'
import type { AdminServer } from './admin-server.ts'
import { knownClone } from './clone-capability.ts'
import { type DumpSettings, findDumpPrograms } from './dump-programs.ts'
import { APP_ROLE, OWNER_ROLE } from './fleet-role-names.ts'

type Finding = Omit<Diagnosis, 'subject'>

const NAMES_SHOWN = 10
const FEW_CONNECTIONS = 20

/** Looks at one server: reach, version, rights, what is open to everybody, the PgBouncers in front of it. Never throws for what it finds. */
export async function diagnoseServer(server: AdminServer): Promise<readonly Diagnosis[]> {
  const subject = `server ${server.name}`
  const findings = await server
    .run((client) => look(client, server))
    .catch((error: unknown) => {
      if (!(error instanceof FleetError)) throw error
      return [{ verdict: 'error', message: error.message, remedy: error.remedy } as const]
    })
  return [...findings, encryption(server), ...(await server.pgbouncer.diagnose())].map((it) => ({ subject, ...it }))
}

async function look(client: ClientBase, { dump }: AdminServer): Promise<readonly Finding[]> {
  const rights = await readAdminRights(client)
  return [
    reachedVersion(rights),
    adminRights(rights),
    sessionRights(rights),
    ...publicSchema(rights),
    openDatabases(await readOpenDatabases(client), rights),
    connections(await readConnections(client)),
    cloneSupport(await knownClone(client)),
    ...(dump === undefined ? [] : [await dumpPrograms(dump, rights)]),
  ]
}

async function dumpPrograms(dump: DumpSettings, { version }: AdminRights): Promise<Finding> {
  try {
    const programs = await findDumpPrograms(dump, version)
    return { verdict: 'ok', message: `${programs.dump} and ${programs.restore} fit the server.` }
  } catch (error) {
    if (!(error instanceof FleetError)) throw error
    return { verdict: 'error', message: error.message, remedy: error.remedy }
  }
}

function reachedVersion({ version }: AdminRights): Finding {
  const found = `PostgreSQL ${formatServerVersion(version)}`
  switch (supportOf(version)) {
    case 'supported':
      return { verdict: 'ok', message: `${found} answers.` }
    case 'untested':
      return { verdict: 'warning', message: `${found} is newer than ${SUPPORTED.newest}, the newest that is tested.` }
    case 'too-old':
      return {
        verdict: 'error',
        message: `${found} is older than ${SUPPORTED.oldest}.`,
        remedy: `Upgrade the server to PostgreSQL ${SUPPORTED.oldest} or newer.`,
      }
  }
}

function adminRights(rights: AdminRights): Finding {
  const grants = missingGrants(rights)
  if (grants.length > 0) {
    return {
      verdict: 'error',
      message: `Admin "${rights.user}" lacks rights that making databases needs.`,
      remedy: `Run as a superuser: ${grants.join(' ')}`,
    }
  }
  if (rights.unfitRoles.length > 0) {
    return {
      verdict: 'error',
      message: `Somebody may log in as ${rights.unfitRoles.join(' and ')}, or it is a superuser: tenants would get its rights.`,
      remedy: `Rename it: ${rights.unfitRoles.map((it) => `ALTER ROLE ${quoteIdentifier(it)} RENAME TO ...;`).join(' ')}`,
    }
  }
  const what = rights.superuser ? 'is a superuser' : `may make databases and roles, and act as ${OWNER_ROLE}`
  const later = rights.ownerRole === 'missing' ? `; ${OWNER_ROLE} and ${APP_ROLE} will be made on first use` : ''
  return { verdict: 'ok', message: `Admin "${rights.user}" ${what}${later}.` }
}

function sessionRights({ signalBackend, user }: AdminRights): Finding {
  if (signalBackend) return { verdict: 'ok', message: `Admin "${user}" may end sessions.` }
  return {
    verdict: 'warning',
    message: `Admin "${user}" may end sessions of tenants' login roles only: others keep a database from being deleted.`,
    remedy: `Run as a superuser: GRANT pg_signal_backend TO ${quoteIdentifier(user)};`,
  }
}

function publicSchema({ version, superuser }: AdminRights): readonly Finding[] {
  if (majorOf(version) >= 15 || superuser) return []
  return [
    {
      verdict: 'warning',
      message:
        'Below PostgreSQL 15 anybody who connects may create in schema public, and only a superuser can end that.',
      remedy: 'Run as a superuser in each template and tenant: REVOKE CREATE ON SCHEMA public FROM PUBLIC;',
    },
  ]
}

/** Names of databases that every login role of the server may connect to. */
async function readOpenDatabases(client: ClientBase): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select datname as name from pg_database
      where datallowconn and has_database_privilege('public', oid, 'connect') order by datname = current_database() desc, datname`,
  )
  return rows.map((it) => it.name)
}

function openDatabases(names: readonly string[], { user, superuser }: AdminRights): Finding {
  const [maintenance] = names
  if (maintenance === undefined) return { verdict: 'ok', message: 'No database is open to every role.' }
  const shown = names.slice(0, NAMES_SHOWN)
  const more = names.length - shown.length
  // The admin itself may be there as PUBLIC only.
  const grants = superuser
    ? []
    : [`GRANT CONNECT ON DATABASE ${quoteIdentifier(maintenance)} TO ${quoteIdentifier(user)};`]
  const revokes = shown.map((it) => `REVOKE CONNECT, TEMPORARY ON DATABASE ${quoteIdentifier(it)} FROM PUBLIC;`)
  return {
    verdict: 'warning',
    message: `Every tenant's login role may connect to ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`,
    remedy: `Run as their owner, after granting CONNECT to other roles that need it: ${[...grants, ...revokes].join(' ')}`,
  }
}

async function readConnections(client: ClientBase): Promise<{ used: number; most: number }> {
  const { rows } = await client.query<{ used: number; most: number }>(
    `select (select sum(numbackends)::int from pg_stat_database) as used,
            current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as most`,
  )
  return rows[0] ?? { used: 0, most: 0 }
}

function connections({ used, most }: { used: number; most: number }): Finding {
  const message = `${used} of ${most} connections are in use.`
  if (most - used >= FEW_CONNECTIONS) return { verdict: 'ok', message }
  return {
    verdict: 'warning',
    message: `${message} A rollout takes up to \`perServer\` of them.`,
    remedy: `Run as a superuser, then restart the server: ALTER SYSTEM SET max_connections = ${most + 100};`,
  }
}

function cloneSupport(clone: ServerCapabilities['clone']): Finding {
  const message = {
    yes: 'Large databases are copied by reference.',
    no: 'Databases are copied in full: the server or its file system cannot copy by reference.',
    'not-probed': 'Whether large databases can be copied by reference is found out with the first one above 50 MB.',
  }[clone]
  return { verdict: 'ok', message }
}

function encryption({ admin }: AdminServer): Finding {
  if (isLoopback(admin.host) || admin.tls === 'verify') {
    return {
      verdict: 'ok',
      message: admin.tls === 'off' ? 'Traffic stays on this machine.' : 'TLS is on and verified.',
    }
  }
  return {
    verdict: 'warning',
    message:
      admin.tls === 'off'
        ? `Traffic to ${admin.host} is not encrypted.`
        : `The certificate of ${admin.host} is not verified.`,
    remedy: 'Put sslmode=verify-full into the URL; name a private certificate authority in NODE_EXTRA_CA_CERTS.',
  }
}
