import type { Diagnosis } from '../../model/diagnosis.ts'
import { withClient } from '../../postgres/connect.ts'
import type { CopySettings } from '../postgres/copy-settings.ts'
import { createPostgresProvider } from '../postgres/postgres-provider.ts'
import type { Provider } from '../provider.ts'
import { type EmbeddedServer, type EmbeddedServerOptions, useEmbeddedServer } from './embedded-server.ts'

/** The name of the one server. */
const SERVER = 'embedded'
const CLOSE_TO_PUBLIC = 'revoke connect, temporary on database postgres, template1 from public'

/**
 * Makes the provider whose tenants are databases on the project's embedded PostgreSQL; starts it, or joins the one
 * that runs. `close` ends this use of it. `copies`: how databases are copied.
 * @throws FleetError EMBEDDED_UNAVAILABLE
 */
export async function createEmbeddedProvider(options: EmbeddedServerOptions, copies?: CopySettings): Promise<Provider> {
  const server = await useEmbeddedServer(options)
  // Else every tenant's role could look into them, and list the names of all databases.
  if (server.started)
    await withClient(server.admin, { applicationName: 'fleet/embedded' }, (client) => client.query(CLOSE_TO_PUBLIC))
  const { clock } = options
  const provider = createPostgresProvider({
    servers: [{ name: SERVER, admin: server.admin }],
    copies,
    ...(clock ? { clock } : {}),
  })
  return {
    ...provider,
    kind: 'embedded',
    isPrivate: true,
    async diagnose() {
      return [describeServer(server), ...(await provider.diagnose())]
    },
    async close() {
      try {
        await provider.close()
      } finally {
        await server.release()
      }
    },
  }
}

function describeServer({ version, admin, dataDirectory, runsAs, log }: EmbeddedServer): Diagnosis {
  return {
    subject: 'embedded server',
    verdict: 'ok',
    message: `PostgreSQL ${version} on ${admin.host}:${admin.port}, run as ${runsAs}, data in ${dataDirectory}, log in ${log}.`,
  }
}
