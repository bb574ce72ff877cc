import { inject } from 'vitest'
import { parseConnectionString } from '../../../src/postgres/connection-string.ts'
import { createPostgresProvider } from '../../../src/providers/postgres/postgres-provider.ts'
import { createLimitedAdmin } from '../../support/limited-admin.ts'
import { superuser } from '../../support/test-server.ts'
import { serverConformance } from './server-conformance.ts'

serverConformance('postgres, with an admin that is no superuser', async () => {
  const { url, drop } = await createLimitedAdmin(inject('superuserUrl'))
  return {
    open: () => createPostgresProvider({ servers: [{ name: 'main', admin: parseConnectionString(url) }] }),
    superuser: superuser(),
    stop: drop,
  }
})
