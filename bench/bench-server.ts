import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConnectionDescriptor } from '../src/model/connection.ts'
import { withClient } from '../src/postgres/connect.ts'
import { createEmbeddedProvider } from '../src/providers/embedded/embedded-provider.ts'
import type { Provider } from '../src/providers/provider.ts'
import { makeTestDirectory } from '../test/support/test-directory.ts'

/** An embedded server in a directory of its own. */
export interface BenchServer {
  /** The project's folder: `.fleet` is in it. */
  readonly root: string
  readonly provider: Provider
  /** The superuser, in the maintenance database. */
  readonly admin: ConnectionDescriptor
}

/** Name of the one server that the embedded provider has. */
export const SERVER = 'embedded'

/**
 * Lends an embedded server and removes it with its data afterwards. It is as users get it, fsync included, but takes no
 * checkpoint by itself: one that falls into a contender's time would be noise, so they are asked for in between.
 */
export async function withBenchServer<T>(use: (server: BenchServer) => Promise<T>): Promise<T> {
  const root = await makeTestDirectory()
  try {
    const provider = await createEmbeddedProvider({ directory: join(root, '.fleet') })
    try {
      const admin = { ...(await provider.ensureCatalogDatabase('bench')), database: 'postgres' }
      await runAsAdmin(admin, [
        `alter system set max_wal_size = '16GB'`,
        `alter system set checkpoint_timeout = '1h'`,
        'select pg_reload_conf()',
      ])
      return await use({ root, provider, admin })
    } finally {
      await provider.close()
    }
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

/** Switches autovacuum on or off for the whole server. */
export async function setAutovacuum(admin: ConnectionDescriptor, value: 'on' | 'off'): Promise<void> {
  await runAsAdmin(admin, [`alter system set autovacuum = ${value}`, 'select pg_reload_conf()'])
}

/** Sends statements one by one, over one connection. */
export async function runAsAdmin(admin: ConnectionDescriptor, statements: readonly string[]): Promise<void> {
  await withClient(admin, { applicationName: 'fleet/bench' }, async (client) => {
    for (const statement of statements) await client.query(statement)
  })
}
