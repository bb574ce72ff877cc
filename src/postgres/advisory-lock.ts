import { createHash } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import type { ClientBase } from './connect.ts'

/** The advisory lock that Kysely's Migrator takes: who holds it may migrate this database. */
export const MIGRATION_LOCK = 3853314791062309107n

/** Returns the key of the advisory lock that stands for a name: 64 bits of its hash, as PostgreSQL takes it. */
export function advisoryLockKey(name: string): string {
  return createHash('sha256').update(`kysely-fleet:${name}`).digest().readBigInt64BE(0).toString()
}

export interface AdvisoryLockOptions {
  readonly name: string
  readonly clock: Clock
  /** How long to wait for another holder, in milliseconds. */
  readonly patience: number
  /** Called when the patience is over; what it returns is thrown. */
  readonly refusal: () => Error
}

const POLL_MS = 100

/**
 * Runs `use` while this session holds the advisory lock of a name. Who dies or loses the connection frees it.
 * Polls, because a statement that waits would hold back CREATE INDEX CONCURRENTLY and vacuum in that database.
 */
export async function withAdvisoryLock<T>(
  client: ClientBase,
  { name, clock, patience, refusal }: AdvisoryLockOptions,
  use: () => Promise<T>,
): Promise<T> {
  const key = advisoryLockKey(name)
  const deadline = clock.now().getTime() + patience
  while (!(await tryAdvisoryLock(client, key))) {
    if (clock.now().getTime() >= deadline) throw refusal()
    await clock.sleep(POLL_MS)
  }
  try {
    return await use()
  } finally {
    // On a broken connection there is nothing left to unlock, and its error must not hide that of `use`.
    await client.query('select pg_advisory_unlock($1)', [key]).catch(() => {})
  }
}

async function tryAdvisoryLock(client: ClientBase, key: string): Promise<boolean> {
  const { rows } = await client.query<{ held: boolean }>('select pg_try_advisory_lock($1) as held', [key])
  return rows[0]?.held === true
}
