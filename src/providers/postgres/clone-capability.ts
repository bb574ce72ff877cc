import type { Clock } from '../../lib/clock.ts'
import type { ClientBase } from '../../postgres/connect.ts'
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'
import { majorOf } from '../../postgres/server-version.ts'
import { SQLSTATE, sqlstateOf } from '../../postgres/sqlstate.ts'
import type { ServerCapabilities } from '../provider.ts'
import type { AdminServer } from './admin-server.ts'
import { cloneMatters } from './copy-strategy.ts'
import { OWNER_ROLE } from './fleet-role-names.ts'
import { probeClone } from './probe-clone.ts'

type Clone = ServerCapabilities['clone']

/**
 * What is known of clone on a server. The result of a probe is kept on the server itself, as the comment of the owner
 * role: so that a sign-up in one process has what a deploy in another one found out. It counts for the version and
 * the cluster it was found on. Below 18 there is no clone.
 */
export async function knownClone(client: ClientBase): Promise<Clone> {
  const { version, key, comment } = await readProbe(client)
  if (majorOf(version) < 18) return 'no'
  if (comment === probeComment(key, 'yes')) return 'yes'
  return comment === probeComment(key, 'no') ? 'no' : 'not-probed'
}

/** Returns what is known of clone, after a probe of some seconds when nothing is. */
export async function probedClone(
  client: ClientBase,
  { server, clock }: { server: AdminServer; clock: Clock },
): Promise<Clone> {
  const known = await knownClone(client)
  if (known !== 'not-probed') return known
  const probing = probes.get(server) ?? probe(client, { server, clock })
  probes.set(server, probing)
  // One that failed says nothing to the next.
  probing.catch(() => probes.delete(server))
  return probing
}

/** Of this process: several ask at once, and not every admin may leave a note on the server. */
const probes = new WeakMap<AdminServer, Promise<Clone>>()

async function probe(client: ClientBase, { server, clock }: { server: AdminServer; clock: Clock }): Promise<Clone> {
  const found = await probeClone(client, { admin: server.admin, clock })
  await rememberProbe(client, found)
  return found
}

/** Probes once a template is large enough for it to matter: whoever builds one has the time, a sign-up has not. */
export async function probeForTemplate(
  client: ClientBase,
  { server, database, clock }: { server: AdminServer; database: string; clock: Clock },
): Promise<void> {
  const { rows } = await client.query<{ version: number; templateBytes: number }>(
    `select current_setting('server_version_num')::int as version, pg_database_size($1::name)::float8 as "templateBytes"`,
    [database],
  )
  if (rows[0] && cloneMatters(rows[0])) await probedClone(client, { server, clock })
}

async function readProbe(client: ClientBase): Promise<{ version: number; key: string; comment: string | null }> {
  const { rows } = await client.query<{ version: number; key: string; comment: string | null }>(
    `select v.version, v.version || '/' || (select system_identifier from pg_control_system()) as key,
            (select shobj_description(oid, 'pg_authid') from pg_roles where rolname = $1) as comment
       from (select current_setting('server_version_num')::int as version) v`,
    [OWNER_ROLE],
  )
  return rows[0] ?? { version: 0, key: '', comment: null }
}

async function rememberProbe(client: ClientBase, clone: Clone): Promise<void> {
  const { key } = await readProbe(client)
  try {
    await client.query(`comment on role ${quoteIdentifier(OWNER_ROLE)} is ${quoteLiteral(probeComment(key, clone))}`)
  } catch (error) {
    // An admin without ADMIN on the role (or before the role is made) only loses the memory of it.
    const sqlstate = sqlstateOf(error)
    if (sqlstate !== SQLSTATE.insufficientPrivilege && sqlstate !== SQLSTATE.undefinedObject) throw error
  }
}

function probeComment(key: string, clone: Clone): string {
  return `kysely-fleet: clone probed on ${key}: ${clone}`
}
