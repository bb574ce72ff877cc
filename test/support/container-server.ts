import { PostgreSqlContainer } from '@testcontainers/postgresql'
import type { RunServer } from './global-setup.ts'

/** Starts PostgreSQL in a container. */
export async function startContainerServer(image: string): Promise<RunServer> {
  const container = await new PostgreSqlContainer(image)
    .withUsername('postgres')
    .withDatabase('postgres')
    .withCommand([
      '-c',
      'max_connections=200',
      '-c',
      'fsync=off',
      '-c',
      'full_page_writes=off',
      '-c',
      'wal_level=logical',
      '-c',
      'max_prepared_transactions=10',
    ])
    // As with the embedded server: what makes and drops some thousand databases is faster in memory.
    .withTmpFs({ '/var/lib/postgresql': 'rw' })
    // PostgreSQL is the container's first process and takes a check that is killed for not answering in time, and by that
    // loses its parent, for one of its own that has crashed. Under load the default of 1 s is too short.
    .withHealthCheck({
      test: ['CMD-SHELL', 'pg_isready --host localhost --username postgres'],
      interval: 1_000,
      timeout: 60_000,
      retries: 60,
    })
    .start()
    .catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new Error(`FLEET_TEST_SERVER=testcontainers needs Docker and the image ${image}: ${reason}`, { cause })
    })
  const url = new URL(container.getConnectionUri())
  // The image has no certificate; where the tests are in a container themselves, this one is not at a loopback address.
  url.searchParams.set('sslmode', 'disable')
  return {
    url: url.href,
    stop: async () => {
      await container.stop()
    },
  }
}
