import { inject } from 'vitest'
import { parseConnectionString } from '../../../src/postgres/connection-string.ts'
import { createPostgresProvider } from '../../../src/providers/postgres/postgres-provider.ts'
import { providerConformance } from '../../conformance/provider.ts'
import { createLimitedAdmin } from '../../support/limited-admin.ts'
import { superuser } from '../../support/test-server.ts'

providerConformance('postgres, with an admin that is no superuser', async () => {
  const { url, drop } = await createLimitedAdmin(inject('superuserUrl'))
  return {
    open: () => createPostgresProvider({ servers: [{ name: 'main', admin: parseConnectionString(url) }] }),
    superuser: superuser(),
    stop: drop,
  }
})
