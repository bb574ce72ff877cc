import { readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { systemClock } from '../../src/lib/clock.ts'
import { withClient } from '../../src/postgres/connect.ts'
import { formatConnectionString } from '../../src/postgres/connection-string.ts'
import { useEmbeddedServer } from '../../src/providers/embedded/embedded-server.ts'
import { stopServer } from '../../src/providers/embedded/stop-server.ts'
import type { RunServer } from './global-setup.ts'
import { makeTestDirectory, ownerOfTestDirectory, PARENTS } from './test-directory.ts'

/** Starts an embedded server of this run's own, in a directory that goes with it, and cleans up after killed runs. */
export async function startEmbeddedServer(): Promise<RunServer> {
  await removeAbandoned()
  const directory = await makeTestDirectory()
  const options = { directory: join(directory, '.fleet') }
  const first = await useEmbeddedServer(options)
  await withClient(first.admin, { applicationName: 'fleet/test' }, async (client) => {
    // What the tests kill are processes, never the machine, so nothing has to reach the disk.
    await client.query('alter system set fsync = off')
    await client.query('alter system set full_page_writes = off')
    // What tenants may have, and restore points have not: logical replication slots and prepared transactions.
    await client.query('alter system set wal_level = logical')
    await client.query('alter system set max_prepared_transactions = 10')
  })
  // The last user stops it; both settings want a start.
  await first.release()
  const server = await useEmbeddedServer(options)
  return {
    url: formatConnectionString(server.admin, { reveal: true }),
    stop: async () => {
      await server.release()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Stops the servers that killed runs left, recognised by the directory's name and the lock that they hold. */
async function removeAbandoned(): Promise<void> {
  for (const parent of PARENTS) {
    for (const name of await readdir(parent).catch(() => [])) {
      const owner = ownerOfTestDirectory(name)
      if (owner !== undefined && !isAlive(owner)) await removeDirectory(join(parent, name))
    }
  }
}

async function removeDirectory(directory: string): Promise<void> {
  const files = await readdir(directory, { recursive: true }).catch(() => [])
  for (const file of files.filter((it) => it.endsWith('/data/postmaster.pid'))) {
    const data = join(directory, dirname(file))
    await stopServer({ data, serverLock: join(dirname(data), 'server.lock') }, systemClock)
  }
  await rm(directory, { recursive: true, force: true })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
