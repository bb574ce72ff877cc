import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { failpoint } from '../../lib/failpoint.ts'
import type { ConnectionDescriptor } from '../../model/connection.ts'
import { FleetError } from '../../model/errors.ts'
import type { Mark } from '../../model/mark.ts'
import type { ClientBase } from '../../postgres/connect.ts'
import type { AdminServer } from './admin-server.ts'
import { createLikeDatabase } from './create-like-database.ts'
import { dropRemains } from './drop-remains.ts'
import type { DumpPrograms } from './dump-programs.ts'
import { openDatabase } from './open-database.ts'

export interface DumpedCopy {
  readonly server: AdminServer
  readonly source: string
  readonly name: string
  readonly mark: Mark
  readonly owner: string
  readonly programs: DumpPrograms
}

/** How long pg_dump waits for a table that somebody has locked, in milliseconds. */
const LOCK_WAIT_MS = 60_000

/**
 * Copies a database that stays in use, as it is at one moment, into a new one: pg_dump and pg_restore, with a pipe through
 * this process between them, so that they end when it does. Nothing is written beside the server, and nothing is left where it
 * fails.
 * @throws FleetError RESTORE_POINT_REFUSED with what the programs said
 */
export async function copyByDump(
  client: ClientBase,
  { server, source, name, mark, owner, programs }: DumpedCopy,
): Promise<void> {
  await createLikeDatabase(client, { name, like: source, owner })
  await client.query(openDatabase({ name, mark }))
  failpoint('restore-point.dumping')
  const dump = start(
    programs.dump,
    ['--format=custom', '--compress=0', '--no-password', `--lock-wait-timeout=${LOCK_WAIT_MS}`],
    { ...server.admin, database: source },
  )
  // An empty name: pg_restore connects to what PGDATABASE says only when it is told to connect at all.
  const restore = start(programs.restore, ['--exit-on-error', '--no-password', '--dbname='], {
    ...server.admin,
    database: name,
  })
  const piped = pipeline(dump.child.stdout, restore.child.stdin).then(
    () => true,
    () => false,
  )
  const [dumped, restored, isWhole] = await Promise.all([dump.ended, restore.ended, piped])
  // Whichever failed first says why; the other one only saw its end of the pipe closed. The pipe breaks where it is read.
  const ended = isWhole ? [dumped, restored] : [restored, dumped]
  const said = ended.find(({ code, said: text }) => code !== 0 && text !== '') ?? ended.find(({ code }) => code !== 0)
  if (said === undefined) return
  await dropRemains(client, { server: server.name, name, mark, owner })
  throw new FleetError(
    'RESTORE_POINT_REFUSED',
    `Database "${source}" could not be copied: ${said.said || 'no reason given'}.`,
  )
}

interface Ended {
  readonly code: number | null
  /** The first error that it printed, without values of rows. */
  readonly said: string
}

function start(
  program: string,
  args: readonly string[],
  to: ConnectionDescriptor,
): {
  readonly child: ChildProcess & { stdin: NodeJS.WritableStream; stdout: NodeJS.ReadableStream }
  ended: Promise<Ended>
} {
  const child = spawn(program, args, { env: environmentOf(to), stdio: ['pipe', 'pipe', 'pipe'] })
  let text = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    // The first error is what counts; a program may go on and on.
    if (text.length < 10_000) text += chunk
  })
  const ended = Promise.race([
    once(child, 'close').then(([code]): Ended => ({ code: code as number | null, said: firstError(text) })),
    once(child, 'error').then(([error]): Ended => ({ code: null, said: (error as Error).message })),
  ])
  return { child, ended }
}

/** What follows the first error (DETAIL, CONTEXT) may quote rows. */
function firstError(text: string): string {
  const lines = text.split('\n')
  const error = lines.find((line) => /\berror:/i.test(line)) ?? lines.find((line) => line !== '') ?? ''
  return error.trim().replace(/\.$/, '')
}

const SSLMODES = { off: 'disable', verify: 'verify-full', 'no-verify': 'require' } as const

/** The password is in no argument; of our own environment the programs get only what finds programs and certificates. */
function environmentOf(to: ConnectionDescriptor): NodeJS.ProcessEnv {
  const { PATH, HOME, SYSTEMROOT, NODE_EXTRA_CA_CERTS = 'system' } = process.env
  return {
    PATH,
    HOME,
    SYSTEMROOT,
    LC_MESSAGES: 'C',
    PGHOST: to.host,
    PGPORT: String(to.port),
    PGUSER: to.user,
    PGDATABASE: to.database,
    PGPASSWORD: to.password?.reveal(),
    PGSSLMODE: SSLMODES[to.tls],
    ...(to.tls === 'verify' ? { PGSSLROOTCERT: NODE_EXTRA_CA_CERTS } : {}),
    PGAPPNAME: 'fleet/dump',
    PGCONNECT_TIMEOUT: '30',
  }
}
