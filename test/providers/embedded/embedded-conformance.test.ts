import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { withClient } from '../../../src/postgres/connect.ts'
import { createEmbeddedProvider } from '../../../src/providers/embedded/embedded-provider.ts'
import { useEmbeddedServer } from '../../../src/providers/embedded/embedded-server.ts'
import { makeTestDirectory } from '../../support/test-directory.ts'
import { serverConformance } from '../postgres/server-conformance.ts'

serverConformance('embedded', async () => {
  const root = await makeTestDirectory()
  const directory = join(root, '.fleet')
  // Held from the first test to the last, so that each need not start the server again.
  const server = await useEmbeddedServer({ directory })
  // Nothing here outlives the machine: no need to wait for the disk.
  await withClient(server.admin, { applicationName: 'fleet/test' }, async (client) => {
    await client.query('alter system set fsync = off')
    await client.query('select pg_reload_conf()')
  })
  return {
    open: () => createEmbeddedProvider({ directory }),
    superuser: server.admin,
    stop: async () => {
      await server.release()
      await rm(root, { recursive: true, force: true })
    },
  }
})
