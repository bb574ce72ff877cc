import type { ClientBase } from '../../postgres/connect.ts'
import type { CopyOutlook } from '../copying-provider.ts'
import type { AdminServer } from './admin-server.ts'
import { knownClone } from './clone-capability.ts'
import { copyStrategy } from './copy-strategy.ts'
import { isDumped } from './dump-programs.ts'
import { freeSpace } from './free-space.ts'

/**
 * Says how copying some databases of a server would come out; those that are gone, or whose size may not be known, are left
 * out. What is free counts only if all of them are where the server keeps its data.
 */
export async function foreseeCopies(server: AdminServer, databases: readonly string[]): Promise<CopyOutlook> {
  return server.run(async (client) => {
    const clone = await knownClone(client)
    const found = await readSizes(client, databases)
    const copies = found.map(({ version, bytes }) => {
      const strategy = copyStrategy({ version, templateBytes: bytes, clone, purpose: 'many' })
      const method = isDumped({ strategy, bytes }, server.dump) ? 'dump' : strategy
      return { bytes, method, diskBytes: diskBytesOf(method, bytes), closes: method !== 'dump' }
    })
    const freeBytes = found.every((it) => it.isHome) ? await freeSpace(client, server) : null
    return { copies, freeBytes }
  })
}

/** What a copy takes of the disk at once. */
export function diskBytesOf(method: string, bytes: number): number {
  return method === 'clone' ? 0 : bytes
}

interface Found {
  readonly version: number
  readonly bytes: number
  /** In the data directory, not in a tablespace elsewhere. */
  readonly isHome: boolean
}

async function readSizes(client: ClientBase, databases: readonly string[]): Promise<readonly Found[]> {
  const { rows } = await client.query<Found>(
    `select current_setting('server_version_num')::int as version, bytes::float8 as bytes, "isHome" from (
       select pg_database_size(d.oid) as bytes, pg_tablespace_location(d.dattablespace) = '' as "isHome"
         from pg_database d
        where d.datname = any($1::name[])
          and (has_database_privilege(d.oid, 'connect') or pg_has_role('pg_read_all_stats', 'usage'))
     ) s where bytes is not null`,
    [databases],
  )
  return rows
}
