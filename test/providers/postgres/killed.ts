import type { MarkKind } from '../../../src/model/mark.ts'
import { Secret } from '../../../src/model/secret.ts'
import { withClient } from '../../../src/postgres/connect.ts'
import { parseConnectionString } from '../../../src/postgres/connection-string.ts'
import { createPostgresProvider } from '../../../src/providers/postgres/postgres-provider.ts'

/** Run by crashes.test.ts as a process of its own: template, tenant, deletion; dies where FLEET_FAILPOINT says. */
const { FLEET_SERVER_URL = '', FLEET_NAME: fleet = '' } = process.env
const mark = (kind: MarkKind, key: string) => ({ fleet, catalogId: `catalog-${fleet}`, kind, key })
const admin = parseConnectionString(FLEET_SERVER_URL)
const provider = createPostgresProvider({ servers: [{ name: 'main', admin }] })

const spec = { server: 'main', mark: mark('template', 'k1'), extensions: [] }
const template = await provider.ensureTemplate(spec, async (database) => {
  await withClient(database, { applicationName: 'fleet/test' }, (client) =>
    client.query('set role fleet_owner; create table note (text text)'),
  )
})
const tenant = {
  server: 'main',
  template,
  extensions: [],
  mark: mark('tenant', 'one'),
  password: new Secret('correct horse'),
}
const placement = await provider.createDatabase(tenant)
await provider.deleteDatabase(placement, tenant.mark)
await provider.close()
