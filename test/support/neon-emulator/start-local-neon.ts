import { randomBytes } from 'node:crypto'
import { withClient } from '../../../src/postgres/connect.ts'
import { formatConnectionString, parseConnectionString } from '../../../src/postgres/connection-string.ts'
import { quoteIdentifier } from '../../../src/postgres/identifiers.ts'
import { startEmbeddedServer } from '../embedded-test-server.ts'
import { type NeonEmulator, type NeonEmulatorOptions, startNeonEmulator } from './index.ts'
import { createPostgresDataPlane } from './postgres-data-plane.ts'

export interface LocalNeonOptions extends Omit<NeonEmulatorOptions, 'dataPlane'> {
  /** URL of a superuser of PostgreSQL 18; left out: an embedded server that ends with it. */
  readonly server?: string | undefined
}

/** The emulator, and what a fleet needs beside an account at Neon. */
export interface LocalNeon extends NeonEmulator {
  /** Of an empty database for the catalog, which goes with the rest. */
  readonly catalogUrl: string
}

/** Starts the emulator outside of a test, with a database for a fleet's catalog. `stop` leaves nothing. */
export async function startLocalNeon({ server: url, ...options }: LocalNeonOptions = {}): Promise<LocalNeon> {
  const server = url ? { url, stop: async () => {} } : await startEmbeddedServer()
  const undo: (() => Promise<unknown>)[] = [server.stop]
  const stop = async () => {
    const errors: unknown[] = []
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) {
      await step().catch((error: unknown) => errors.push(error))
    }
    if (errors.length > 0) throw new AggregateError(errors, 'Not all that the emulator made could be removed.')
  }
  try {
    const admin = parseConnectionString(server.url)
    const prefix = `neon_emulator_${randomBytes(4).toString('hex')}`
    const catalog = `${prefix}_catalog`
    const run = (command: string) =>
      withClient(admin, { applicationName: 'neon-emulator' }, (client) => client.query(command))
    await run(`create database ${quoteIdentifier(catalog)}`)
    undo.push(() => run(`drop database ${quoteIdentifier(catalog)} with (force)`))
    const dataPlane = await createPostgresDataPlane({ server: server.url, prefix })
    undo.push(() => dataPlane.close())
    const emulator = await startNeonEmulator({ ...options, dataPlane })
    // It closes its data plane.
    undo.pop()
    undo.push(() => emulator.stop())
    return { ...emulator, catalogUrl: formatConnectionString({ ...admin, database: catalog }, { reveal: true }), stop }
  } catch (error) {
    await stop()
    throw error
  }
}
