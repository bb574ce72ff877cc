import type { Clock } from '../../lib/clock.ts'
import type { ClientBase } from '../../postgres/connect.ts'
import type { ServerVersion } from '../../postgres/server-version.ts'
import type { AdminServer } from './admin-server.ts'
import { knownClone, probedClone } from './clone-capability.ts'
import { type CopyStrategy, cloneMatters, copyStrategy } from './copy-strategy.ts'

export interface ChosenCopy {
  readonly strategy: CopyStrategy
  readonly bytes: number
  readonly version: ServerVersion
}

/**
 * Chooses how to copy a database that is in use, or what was copied from one, by its size and what the server can do. Before the
 * first large one, that is found out, which takes some seconds.
 */
export async function chooseCopy(
  client: ClientBase,
  { server, database, clock }: { readonly server: AdminServer; readonly database: string; readonly clock: Clock },
): Promise<ChosenCopy> {
  const { rows } = await client.query<{ version: number; bytes: number }>(
    `select current_setting('server_version_num')::int as version, pg_database_size($1::name)::float8 as bytes`,
    [database],
  )
  const { version = 0, bytes = 0 } = rows[0] ?? {}
  const isLarge = cloneMatters({ version, templateBytes: bytes })
  const clone = isLarge ? await probedClone(client, { server, clock }) : await knownClone(client)
  // By reference wherever that is possible: what it costs the neighbours counts, not what it costs us.
  return { strategy: copyStrategy({ version, templateBytes: bytes, clone, purpose: 'many' }), bytes, version }
}
