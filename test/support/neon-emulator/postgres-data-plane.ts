import { openPool, type Pool } from '../../../src/postgres/connect.ts'
import { parseConnectionString } from '../../../src/postgres/connection-string.ts'
import { quoteIdentifier } from '../../../src/postgres/identifiers.ts'
import { createCopies } from './copies.ts'
import type { ComputeProxy, DataPlane } from './data-plane.ts'
import { openEndpointProxy } from './endpoint-proxy.ts'
import { openPooledTwin, type PooledTwin } from './pooled-twin.ts'
import { createRoles } from './roles.ts'
import { openWriteAheadLog } from './write-ahead-log.ts'

export interface PostgresDataPlaneOptions {
  /** URL of a superuser of a PostgreSQL 18 without TLS. */
  readonly server: string
  /** Begins the names of what the data plane makes for itself: lower-case letters, digits and `_`. */
  readonly prefix: string
  /** What pooled proxies go through. Default: PgBouncer where it is installed. */
  readonly pooler?: 'pgbouncer' | 'worst'
}

/**
 * Makes a data plane on one server. For itself it makes a database, a replication slot and a role.
 * @throws RangeError when the prefix cannot begin a name, or the server wants TLS
 */
export async function createPostgresDataPlane({
  server: url,
  prefix,
  pooler,
}: PostgresDataPlaneOptions): Promise<DataPlane> {
  if (!/^[a-z][a-z0-9_]{0,40}$/.test(prefix)) throw new RangeError(`"${prefix}" cannot begin names on a server.`)
  const server = parseConnectionString(url)
  if (server.tls !== 'off') throw new RangeError('The proxies of the data plane speak to their server without TLS.')
  const admin = openPool(server, { max: 4, applicationName: 'neon-emulator' })
  const undo: (() => Promise<unknown>)[] = [() => admin.end()]
  const close = async () => {
    const errors: unknown[] = []
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) {
      await step().catch((error: unknown) => errors.push(error))
    }
    if (errors.length > 0) throw new AggregateError(errors, 'Not all that the data plane made could be dropped.')
  }
  try {
    const wal = await openWriteAheadLog({ server, admin, name: `${prefix}_wal` })
    undo.push(() => wal.close())
    const roles = await createRoles(admin, `${prefix}_neon_superuser`)
    undo.push(() => roles.close())
    const group = quoteIdentifier(`${prefix}_neon_superuser`)
    const copies = createCopies(admin, wal)
    const databases = new Set<string>()
    const dropDatabase = async (name: string) => {
      await admin.query(`drop database if exists ${quoteIdentifier(name)} with (force)`)
      databases.delete(name)
    }
    undo.push(async () => {
      for (const name of databases) await dropDatabase(name)
    })
    let twin: Promise<PooledTwin> | undefined
    undo.push(async () => (await twin)?.stop())
    const proxies = new Set<ComputeProxy>()
    undo.push(() => Promise.all([...proxies].map((proxy) => proxy.close())))

    const endSessions = (names: readonly string[]) => endSessionsIn(admin, names)
    const direct = {
      address: server.host.startsWith('/')
        ? { path: `${server.host}/.s.PGSQL.${server.port}` }
        : { host: server.host, port: server.port },
      endSessions,
    }
    /** Only what was made here is dropped in the end: a name may have been taken by others. */
    const making = async <T>(name: string, make: () => Promise<T>): Promise<T> => {
      checkName(name)
      const result = await make()
      databases.add(name)
      return result
    }
    return {
      createRole(name, password, options) {
        checkName(name)
        return roles.create(name, password, options)
      },
      setPassword: roles.setPassword,
      dropRole: roles.drop,
      createDatabase: (name, owner) =>
        making(name, async () => {
          await admin.query(
            `create database ${quoteIdentifier(name)} owner ${quoteIdentifier(owner)} template template0 strategy file_copy`,
          )
          // As Neon's published source does for each database that the API makes.
          await admin.query(`grant all on database ${quoteIdentifier(name)} to ${group}`)
        }),
      freeze: (from, to) => making(to, () => copies.freeze(from, to)),
      thaw: (from, to) => making(to, () => copies.thaw(from, to)),
      isWrittenSince: wal.isWrittenSince,
      currentLsn: wal.currentLsn,
      dropDatabase,
      async databaseSize(name) {
        const { rows } = await admin.query<{ bytes: string }>('select pg_database_size($1::name) as bytes', [name])
        return Number(rows[0]?.bytes)
      },
      async openProxy(options) {
        if (options.pooled) twin ??= openPooledTwin({ server, admin, ...direct, ...(pooler ? { kind: pooler } : {}) })
        const behind = options.pooled && twin !== undefined ? await twin : direct
        const proxy = await openEndpointProxy(behind, options)
        proxies.add(proxy)
        return proxy
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** The server would cut a longer name off, and say so to nobody. */
function checkName(name: string): void {
  if (Buffer.byteLength(name) > 63) throw new RangeError(`"${name}" is longer than a name on a server may be.`)
}

async function endSessionsIn(admin: Pool, databases: readonly string[]): Promise<void> {
  await admin.query(
    `select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = any ($1) and backend_type = 'client backend'`,
    [databases],
  )
}
