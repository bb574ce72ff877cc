import { createPostgresProvider } from '../postgres/postgres-provider.ts'
import type { Diagnosis, Provider } from '../provider.ts'
import { type EmbeddedServer, type EmbeddedServerOptions, useEmbeddedServer } from './embedded-server.ts'

/** The name of the one server. */
const SERVER = 'embedded'

/**
 * Makes the provider whose tenants are databases on the project's embedded PostgreSQL; starts it, or joins the one
 * that runs. `close` ends this use of it.
 * @throws FleetError EMBEDDED_UNAVAILABLE
 */
export async function createEmbeddedProvider(options: EmbeddedServerOptions): Promise<Provider> {
  const server = await useEmbeddedServer(options)
  const { clock } = options
  const provider = createPostgresProvider({
    servers: [{ name: SERVER, admin: server.admin }],
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
