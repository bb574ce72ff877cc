import { stat, statfs } from 'node:fs/promises'
import type { ClientBase } from '../../postgres/connect.ts'
import { isLoopback } from '../../postgres/connection-string.ts'
import { SQLSTATE, sqlstateOf } from '../../postgres/sqlstate.ts'
import type { AdminServer } from './admin-server.ts'

/**
 * Returns how many bytes are free on the file system of the server's data directory; null when nobody can tell. No server says
 * it: it is read here, and only where the directory of that name on this machine proves to be the server's own: both see the
 * same times of its last changes. That takes an admin who may read them (a superuser), and a server on this machine.
 */
export async function freeSpace(client: ClientBase, { admin }: Pick<AdminServer, 'admin'>): Promise<number | null> {
  if (!isLoopback(admin.host)) return null
  const seen = await readDirectory(client)
  if (seen === undefined) return null
  try {
    const { mtimeMs, ctimeMs } = await stat(seen.path)
    const isSame =
      [seen.modified, seen.changed].join() === [mtimeMs, ctimeMs].map((it) => Math.floor(it / 1_000)).join()
    if (!isSame) return null
    const { bavail, bsize } = await statfs(seen.path)
    return bavail * bsize
  } catch {
    // It is not here, or not for our eyes.
    return null
  }
}

interface SeenDirectory {
  readonly path: string
  /** In seconds since 1970. */
  readonly modified: number
  readonly changed: number
}

async function readDirectory(client: ClientBase): Promise<SeenDirectory | undefined> {
  try {
    const { rows } = await client.query<SeenDirectory>(
      `select current_setting('data_directory') as path, extract(epoch from modification)::float8 as modified,
              extract(epoch from change)::float8 as changed from pg_stat_file('.')`,
    )
    return rows[0]
  } catch (error) {
    if (sqlstateOf(error) === SQLSTATE.insufficientPrivilege) return undefined
    throw error
  }
}
