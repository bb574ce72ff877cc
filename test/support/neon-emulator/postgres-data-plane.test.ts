import { connect } from 'node:net'
import { beforeEach, describe, expect, inject, onTestFinished, test } from 'vitest'
import { Secret } from '../../../src/model/secret.ts'
import { type Client, closeClient, openClient, withClient } from '../../../src/postgres/connect.ts'
import { superuser, uniqueName } from '../test-server.ts'
import type { ComputeProxy, ComputeProxyOptions, DataPlane, NameMap } from './data-plane.ts'
import { createPostgresDataPlane } from './postgres-data-plane.ts'

const PASSWORD = 'a-password-of-a-test'

/** Why these tests cannot run here; undefined: they can. */
async function whyNot(): Promise<string | undefined> {
  const { rows } = await withClient(superuser(), { applicationName: 'test' }, (client) =>
    client.query<{ major: number; inspects: boolean }>(
      `select current_setting('server_version_num')::int / 10000 as major,
         exists (select from pg_available_extensions where name = 'pg_walinspect') as inspects`,
    ),
  )
  const [row] = rows
  if (row?.major !== 18) return `The emulator stands on PostgreSQL 18, not ${row?.major}.`
  return row.inspects ? undefined : 'The server has no extension pg_walinspect.'
}

/** A data plane with one role, one database of it, and what opens proxies and sessions. */
async function setup() {
  const prefix = uniqueName('neon')
  const plane = await createPostgresDataPlane({ server: inject('superuserUrl'), prefix })
  onTestFinished(() => plane.close())
  const names = { role: `${prefix}__owner`, database: `${prefix}__main` }
  await plane.createRole(names.role, PASSWORD)
  await plane.createDatabase(names.database, names.role)
  const map: NameMap = {
    databases: new Map([['neondb', names.database]]),
    roles: new Map([['neondb_owner', names.role]]),
  }
  const open = async (options: Partial<ComputeProxyOptions> = {}) =>
    plane.openProxy({ map, pooled: false, coldStartMs: 0, onWake: () => {}, ...options })
  return { plane, prefix, names, map, open }
}

interface Through {
  readonly user?: string
  readonly database?: string
  readonly password?: string
}

async function session(proxy: ComputeProxy, { user, database, password }: Through = {}): Promise<Client> {
  const client = await openClient(
    {
      host: '127.0.0.1',
      port: proxy.port,
      database: database ?? 'neondb',
      user: user ?? 'neondb_owner',
      password: new Secret(password ?? PASSWORD),
      tls: 'off',
    },
    { applicationName: 'test' },
  )
  onTestFinished(() => closeClient(client))
  return client
}

async function valueOf(client: Pick<Client, 'query'>, query: string): Promise<unknown> {
  const { rows } = await client.query({ text: query, rowMode: 'array' })
  return rows[0]?.[0]
}

/** As superuser, past all proxies. */
async function inDatabase<T>(database: string, use: (client: Client) => Promise<T>): Promise<T> {
  return withClient({ ...superuser(), database }, { applicationName: 'test' }, use)
}

describe('the data plane', () => {
  beforeEach(async ({ skip }) => {
    const reason = await whyNot()
    skip(reason !== undefined, reason)
  })

  test('lets a role in by the names that the client knows', async () => {
    const { open, names } = await setup()
    const client = await session(await open())
    expect(await valueOf(client, 'select current_database()')).toBe(names.database)
    expect(await valueOf(client, 'select current_user')).toBe(names.role)
  })

  test('freezes rows as they were and thaws them', async () => {
    const { plane, open, names } = await setup()
    const client = await session(await open())
    await client.query('create table t as select generate_series(1, 10) n')
    const lsn = await plane.freeze(names.database, `${names.database}_mark`)
    expect(lsn).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/)
    const after = await session(await open())
    await after.query('insert into t values (11)')
    await plane.thaw(`${names.database}_mark`, `${names.database}_again`)
    expect(await inDatabase(`${names.database}_again`, (it) => valueOf(it, 'select count(*)::int from t'))).toBe(10)
    await expect(inDatabase(`${names.database}_mark`, async () => {})).rejects.toThrow(/not currently accepting/)
  })
})
