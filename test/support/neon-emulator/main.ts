import { randomBytes } from 'node:crypto'
import { startEmbeddedServer } from '../embedded-test-server.ts'
import { startNeonEmulator } from './index.ts'
import { createPostgresDataPlane } from './postgres-data-plane.ts'

/**
 * Neon without an account: the emulator over the server that NEON_EMULATOR_SERVER names, as a superuser of PostgreSQL 18, or over
 * an embedded one of its own. It runs until SIGINT or SIGTERM, and leaves nothing.
 */
const signal = Promise.withResolvers<void>()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => signal.resolve())

const url = process.env.NEON_EMULATOR_SERVER
const server = url ? { url, stop: async () => {} } : await startEmbeddedServer()
try {
  const prefix = `neon_emulator_${randomBytes(4).toString('hex')}`
  const dataPlane = await createPostgresDataPlane({ server: server.url, prefix })
  const emulator = await startNeonEmulator({ dataPlane, operationMs: 200, coldStartMs: 300 })
  process.stdout.write(`The Neon emulator listens at ${emulator.baseUrl}
Its API key: ${emulator.apiKey}
The organisation: ${emulator.orgId}

In fleet.config.ts:

  provider: neon({ apiKey: '${emulator.apiKey}', baseUrl: '${emulator.baseUrl}', pgVersion: 18 }),

All that it holds is gone when it ends. Ctrl+C ends it.
`)
  await signal.promise
  await emulator.stop()
} finally {
  await server.stop()
}
