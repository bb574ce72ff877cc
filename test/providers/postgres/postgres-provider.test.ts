import { createPostgresProvider } from '../../../src/providers/postgres/postgres-provider.ts'
import { providerConformance } from '../../conformance/provider.ts'
import { admin, superuser } from '../../support/test-server.ts'
import { ensureRoles } from './ensure-roles.ts'

providerConformance('postgres', async () => {
  await ensureRoles()
  return {
    open: () => createPostgresProvider({ servers: [{ name: 'main', admin: admin() }] }),
    superuser: superuser(),
  }
})
