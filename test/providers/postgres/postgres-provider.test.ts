import { inject } from 'vitest'
import { parseConnectionString } from '../../../src/postgres/connection-string.ts'
import { createPostgresProvider } from '../../../src/providers/postgres/postgres-provider.ts'
import { providerConformance } from '../../conformance/provider.ts'
import { createLimitedAdmin } from '../../support/limited-admin.ts'

const superuser = () => parseConnectionString(inject('superuserUrl'))

providerConformance('postgres, as superuser', async () => {
  await ensureFleetRolesAreThere()
  return {
    open: () => createPostgresProvider({ servers: [{ name: 'main', admin: superuser() }] }),
    superuser: superuser(),
  }
})

providerConformance('postgres, as an admin without superuser', async () => {
  const limited = await createLimitedAdmin(inject('superuserUrl'))
  return {
    open: () => createPostgresProvider({ servers: [{ name: 'main', admin: parseConnectionString(limited.url) }] }),
    superuser: superuser(),
    stop: () => limited.drop(),
  }
})

/** What a crash leaves is made before the provider has had a reason to make the roles. */
async function ensureFleetRolesAreThere(): Promise<void> {
  await (await createLimitedAdmin(inject('superuserUrl'))).drop()
}
