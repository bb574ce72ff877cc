import { type Api, createApiClient } from '@neondatabase/api-client'
import { expect, inject, onTestFinished, type TestContext } from 'vitest'
import { withClient } from '../../../src/postgres/connect.ts'
import { superuser, uniqueName } from '../test-server.ts'
import { type NeonEmulator, type NeonEmulatorOptions, startNeonEmulator } from './index.ts'
import { createPostgresDataPlane } from './postgres-data-plane.ts'

/** A project of a test, ready to be used. */
export interface TestProject {
  readonly id: string
  readonly branchId: string
  readonly endpointId: string
  /** Of its database, as its owner. */
  readonly uri: string
}

/** An emulator of a test, which ends with it. */
export interface TestEmulator extends NeonEmulator {
  /** Neon's own client. */
  readonly client: Api<unknown>
  createProject(name: string): Promise<TestProject>
  /** A time as `expires_at` has it. */
  inFuture(ms: number): string
}

let asked: Promise<string | undefined> | undefined

/** Says why no emulator can be started over the server under test; undefined: it can. */
export function whyNoEmulator(): Promise<string | undefined> {
  asked ??= askServer()
  return asked
}

/** Skips a test, with the reason, where no emulator can be started. */
export async function needsEmulator({ skip }: Pick<TestContext, 'skip'>): Promise<void> {
  const reason = await whyNoEmulator()
  skip(reason !== undefined, reason)
}

async function askServer(): Promise<string | undefined> {
  const { rows } = await withClient(superuser(), { applicationName: 'fleet/test' }, (client) =>
    client.query<{ version: number; hasInspect: boolean }>(
      `select current_setting('server_version_num')::int / 10000 as version,
        exists (select from pg_available_extensions where name = 'pg_walinspect') as "hasInspect"`,
    ),
  )
  const [server] = rows
  if (server?.version !== 18) return `The emulator wants PostgreSQL 18, not ${server?.version}.`
  return server.hasInspect ? undefined : 'The server has no pg_walinspect.'
}

/** Starts an emulator over the server under test, and asserts at its end that nothing violated Neon's specification. */
export async function startTestEmulator(options: Omit<NeonEmulatorOptions, 'dataPlane'> = {}): Promise<TestEmulator> {
  const dataPlane = await createPostgresDataPlane({ server: inject('superuserUrl'), prefix: uniqueName('neon') })
  const emulator = await startNeonEmulator({ dataPlane, operationMs: 2, ...options })
  onTestFinished(async () => {
    await emulator.stop()
    expect(emulator.violations).toEqual([])
  })
  const client = createApiClient({ apiKey: emulator.apiKey, baseURL: emulator.baseUrl, timeout: 20_000 })
  return {
    ...emulator,
    client,
    async createProject(name) {
      const { data } = await client.createProject({ project: { name, pg_version: 18 } })
      await emulator.settled(data.project.id)
      return {
        id: data.project.id,
        branchId: data.branch.id,
        endpointId: data.endpoints[0]?.id ?? '',
        uri: data.connection_uris[0]?.connection_uri ?? '',
      }
    },
    inFuture: (ms) => new Date(emulator.clock.now().getTime() + ms).toISOString().replace(/\.\d+Z$/, 'Z'),
  }
}
