import { cpus, totalmem } from 'node:os'
import type { ConnectionDescriptor } from '../src/model/connection.ts'
import { withClient } from '../src/postgres/connect.ts'

const SETTINGS = ['fsync', 'synchronous_commit', 'shared_buffers', 'max_wal_size', 'password_encryption']

/** Returns what a reader must know to compare two runs: processors, memory, versions, settings of the server. */
export async function describeMachine(admin: ConnectionDescriptor): Promise<readonly string[]> {
  const processors = cpus()
  const server = await withClient(admin, { applicationName: 'fleet/bench' }, async (client) => {
    const { rows } = await client.query<{ name: string; setting: string }>(
      'select name, current_setting(name) as setting from pg_settings where name = any($1) order by name',
      [['server_version', ...SETTINGS]],
    )
    return new Map(rows.map((row) => [row.name, row.setting]))
  })
  return [
    `${processors.length} × ${processors[0]?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform}`,
    `Node ${process.version}, PostgreSQL ${server.get('server_version')} (${SETTINGS.map((name) => `${name} ${server.get(name)}`).join(', ')})`,
  ]
}
