import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, chown, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConnectionDescriptor } from '../../src/model/connection.ts'
import { closeClient, openClient } from '../../src/postgres/connect.ts'
import { freePort } from '../../src/providers/embedded/free-port.ts'
import { makeTestDirectory } from './test-directory.ts'

const BINARY = '/usr/sbin/pgbouncer'
const NOBODY = 65534

/** Why tests with PgBouncer are skipped here; undefined: they are not. */
export const noPgbouncer = existsSync(BINARY) ? undefined : `There is no ${BINARY}: apt-get install pgbouncer.`

export interface Pgbouncer {
  /** The same database through the pooler. */
  through(to: ConnectionDescriptor): ConnectionDescriptor
  /** The admin console. */
  readonly console: ConnectionDescriptor
  stop(): Promise<void>
}

export interface PgbouncerOptions {
  readonly poolSize?: number
  readonly poolMode?: 'transaction' | 'session'
  /** More users that may come through it; of the console, they see only figures. */
  readonly users?: readonly Pick<ConnectionDescriptor, 'user' | 'password'>[]
  /** Databases beside `*`: names that clients use, and the names on the server. */
  readonly aliases?: Readonly<Record<string, string>>
  /** Whether roles that are not named here come through it too, with the passwords that they have on the server. */
  readonly authQuery?: boolean
}

/**
 * Starts a PgBouncer in transaction mode in front of a server, on a free port, for the user that `server` names, who is its
 * admin.
 */
export async function startPgbouncer(
  server: ConnectionDescriptor,
  {
    poolSize = 5,
    poolMode = 'transaction',
    users: others = [],
    aliases = {},
    authQuery = false,
  }: PgbouncerOptions = {},
): Promise<Pgbouncer> {
  const directory = await makeTestDirectory()
  const port = await freePort(undefined)
  const users = join(directory, 'users.txt')
  const config = join(directory, 'pgbouncer.ini')
  const lines = [server, ...others].map(({ user, password }) => `"${user}" "${password?.reveal() ?? ''}"\n`)
  await writeFile(users, lines.join(''), { mode: 0o600 })
  const address = `host=${server.host} port=${server.port}`
  await writeFile(
    config,
    `[databases]
${Object.entries(aliases)
  .map(([name, database]) => `${name} = ${address} dbname=${database}\n`)
  .join('')}* = ${address}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
${authQuery ? `auth_user = ${server.user}\n` : ''}admin_users = ${server.user}
stats_users = ${others.map(({ user }) => user).join(', ')}
server_login_retry = 1
pool_mode = ${poolMode}
default_pool_size = ${poolSize}
max_client_conn = 500
ignore_startup_parameters = extra_float_digits
`,
  )
  const isRoot = process.getuid?.() === 0
  if (isRoot) {
    // It refuses to run as root.
    for (const path of [directory, users, config]) await chown(path, NOBODY, NOBODY)
    await chmod(directory, 0o700)
  }
  const process_ = spawn(BINARY, ['--quiet', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
  })
  const console_ = { ...server, host: '127.0.0.1', port, database: 'pgbouncer', tls: 'off' } as const
  const stop = async () => {
    await ended(process_)
    await rm(directory, { recursive: true, force: true })
  }
  try {
    await listening(process_, console_)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    through: ({ database, user, password }) => ({ ...console_, database, user, ...(password ? { password } : {}) }),
    console: console_,
    stop,
  }
}

async function listening(child: ChildProcess, to: ConnectionDescriptor): Promise<void> {
  let said = ''
  child.stderr?.on('data', (data) => {
    said += data
  })
  for (;;) {
    if (child.exitCode !== null) throw new Error(`PgBouncer ended: ${said}`)
    const client = await openClient(to, { applicationName: 'fleet/test' }).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') return undefined
      throw error
    })
    if (client !== undefined) return closeClient(client)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exit
}
