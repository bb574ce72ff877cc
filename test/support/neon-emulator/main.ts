import { FAULTS_PATH } from './fault-switch.ts'
import { startLocalNeon } from './start-local-neon.ts'

/**
 * Neon without an account: the emulator over the server that NEON_EMULATOR_SERVER names, as a superuser of PostgreSQL 18, or over
 * an embedded one of its own. It runs until SIGINT or SIGTERM, and leaves nothing.
 */
const signal = Promise.withResolvers<void>()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => signal.resolve())

const neon = await startLocalNeon({ server: process.env.NEON_EMULATOR_SERVER, operationMs: 200, coldStartMs: 300 })
try {
  process.stdout.write(`The Neon emulator listens at ${neon.baseUrl}
Its API key: ${neon.apiKey}
The organisation: ${neon.orgId}

In fleet.config.ts:

  import { defineFleet, neon } from 'kysely-fleet'

  export default defineFleet({
    name: 'try-out',
    provider: neon({
      apiKey: '${neon.apiKey}',
      region: 'aws-us-east-1',
      baseUrl: '${neon.baseUrl}',
    }),
    catalog: { url: '${neon.catalogUrl}' },
  })

In the shell: export FLEET_SECRET_KEY=$(openssl rand -base64 32)

To see what becomes of faults, here of the next 3 calls that make a branch; DELETE there ends them all:

  curl -d '{"fault":"locked","call":"createProjectBranch","times":3}' ${new URL(FAULTS_PATH, neon.baseUrl)}

All that it holds, the catalog too, is gone when it ends. Ctrl+C ends it.
`)
  await signal.promise
} finally {
  await neon.stop()
}
