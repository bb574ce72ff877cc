import type { ClientBase } from '../../postgres/connect.ts'
import type { ServerVersion } from '../../postgres/server-version.ts'
import { knownClone } from './clone-capability.ts'
import { type CopyStrategy, copyStrategy } from './copy-strategy.ts'

export interface ChosenCopy {
  readonly strategy: CopyStrategy
  readonly bytes: number
  readonly version: ServerVersion
}

/** Chooses how to copy a database that is in use, or what was copied from one, by its size and what the server can do. */
export async function chooseCopy(client: ClientBase, database: string): Promise<ChosenCopy> {
  const { rows } = await client.query<{ version: number; bytes: number }>(
    `select current_setting('server_version_num')::int as version, pg_database_size($1::name)::float8 as bytes`,
    [database],
  )
  const { version = 0, bytes = 0 } = rows[0] ?? {}
  const clone = await knownClone(client)
  // By reference wherever that is possible: what it costs the neighbours counts, not what it costs us.
  return { strategy: copyStrategy({ version, templateBytes: bytes, clone, purpose: 'many' }), bytes, version }
}
