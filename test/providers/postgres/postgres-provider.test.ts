import { createPostgresProvider } from '../../../src/providers/postgres/postgres-provider.ts'
import { admin, superuser } from '../../support/test-server.ts'
import { ensureRoles } from './ensure-roles.ts'
import { serverConformance } from './server-conformance.ts'

serverConformance('postgres', async () => {
  await ensureRoles()
  return {
    open: () => createPostgresProvider({ servers: [{ name: 'main', admin: admin() }] }),
    superuser: superuser(),
  }
})
