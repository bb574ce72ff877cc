import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { inject, onTestFinished } from 'vitest'
import { Secret } from '../../../src/model/secret.ts'
import { type Client, closeClient, openClient, withClient } from '../../../src/postgres/connect.ts'
import { superuser, uniqueName } from '../test-server.ts'
import type { ComputeProxy, ComputeProxyOptions, DataPlane, NameMap } from './data-plane.ts'
import { createPostgresDataPlane, type PostgresDataPlaneOptions } from './postgres-data-plane.ts'
import { type StartupMessage, writeStartupMessage } from './startup-message.ts'

/** Of the role that `dataPlaneForTest` makes. */
export const PASSWORD = 'a-password-of-a-test'

export interface TestPlane {
  readonly plane: DataPlane
  /** Begins the names of all that the test makes. */
  readonly prefix: string
  readonly role: string
  /** Clients say "neondb", and "neondb_owner" for the role. */
  readonly database: string
  readonly map: NameMap
  open(options?: Partial<ComputeProxyOptions>): Promise<ComputeProxy>
}

/** Makes a data plane with one role and one database of it, which go with the test. */
export async function dataPlaneForTest(options: Pick<PostgresDataPlaneOptions, 'pooler'> = {}): Promise<TestPlane> {
  const prefix = uniqueName('neon')
  const plane = await createPostgresDataPlane({ server: inject('superuserUrl'), prefix, ...options })
  onTestFinished(() => plane.close())
  const role = `${prefix}__owner`
  const database = `${prefix}__main`
  await plane.createRole(role, PASSWORD)
  await plane.createDatabase(database, role)
  const map: NameMap = { databases: new Map([['neondb', database]]), roles: new Map([['neondb_owner', role]]) }
  return {
    plane,
    prefix,
    role,
    database,
    map,
    open: (options) => plane.openProxy({ map, pooled: false, coldStartMs: 0, onWake: () => {}, ...options }),
  }
}

export interface TestProxy extends TestPlane {
  readonly proxy: ComputeProxy
  /** Opens a session through the proxy, which is closed with the test. */
  session(): Promise<Client>
}

/** Makes a data plane with a proxy that is awake: a pooled one where a pooler is named. */
export async function proxyForTest({ pooler }: Pick<PostgresDataPlaneOptions, 'pooler'> = {}): Promise<TestProxy> {
  const test = await dataPlaneForTest(pooler ? { pooler } : {})
  const proxy = await test.open({ pooled: pooler !== undefined })
  return { ...test, proxy, session: () => openSession(proxy) }
}

export interface Through {
  readonly user?: string
  readonly database?: string
  readonly password?: string
}

/** Opens a session through a proxy, which is closed with the test. */
export async function openSession(
  proxy: ComputeProxy,
  { user = 'neondb_owner', database = 'neondb', password = PASSWORD }: Through = {},
): Promise<Client> {
  const client = await openClient(
    { host: '127.0.0.1', port: proxy.port, database, user, password: new Secret(password), tls: 'off' },
    { applicationName: 'test', timeout: 60_000 },
  )
  onTestFinished(() => closeClient(client))
  return client
}

/** The first column of the first row. */
export async function readValue(client: Pick<Client, 'query'>, query: string): Promise<unknown> {
  const { rows } = await client.query({ text: query, rowMode: 'array' })
  return rows[0]?.[0]
}

/** Lends a session of the superuser, past all proxies. */
export async function inDatabase<T>(database: string, use: (client: Client) => Promise<T>): Promise<T> {
  return withClient({ ...superuser(), database }, { applicationName: 'test' }, use)
}

/** The first error that comes to a session of which nothing is asked. */
export function errorOf(client: Client): Promise<unknown> {
  return new Promise((resolve) => client.once('error', resolve))
}

/** A connection of bytes, to whoever listens behind a proxy. */
export async function openRawConnection(proxy: ComputeProxy): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: proxy.port, allowHalfOpen: true })
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** What `openSession` says first. */
export const STARTUP_MESSAGE: StartupMessage = {
  version: 0x00030000,
  parameters: new Map([
    ['user', 'neondb_owner'],
    ['database', 'neondb'],
  ]),
}
export const STARTUP: Buffer = writeStartupMessage(STARTUP_MESSAGE)
