import type { Clock } from '../../lib/clock.ts'
import { FleetError } from '../../model/errors.ts'
import { withAdvisoryLock } from '../../postgres/advisory-lock.ts'
import type { ClientBase } from '../../postgres/connect.ts'

export interface DatabaseLockOptions {
  readonly database: string
  readonly clock: Clock
  /** How long to wait for another process, in milliseconds. */
  readonly patience: number
}

/**
 * The same for several names, in the order given: whoever takes more than one takes a tenant's first.
 * @throws FleetError DATABASE_IN_USE
 */
export async function withDatabaseLocks<T>(
  client: ClientBase,
  { databases: [database, ...others], ...options }: Omit<DatabaseLockOptions, 'database'> & { databases: string[] },
  use: () => Promise<T>,
): Promise<T> {
  if (database === undefined) return use()
  return withDatabaseLock(client, { ...options, database }, () =>
    withDatabaseLocks(client, { ...options, databases: others }, use),
  )
}

/**
 * Runs `use` while nobody else makes or drops the database of that name. The lock is in the maintenance database, on
 * the connection that does the work: who loses the one loses the other.
 * @throws FleetError DATABASE_IN_USE when another process holds it for longer than the patience
 */
export async function withDatabaseLock<T>(
  client: ClientBase,
  { database, clock, patience }: DatabaseLockOptions,
  use: () => Promise<T>,
): Promise<T> {
  const refusal = () =>
    new FleetError(
      'DATABASE_IN_USE',
      `Another process has been making or dropping database "${database}" for ${patience / 1000} s.`,
    )
  return withAdvisoryLock(client, { name: `database ${database}`, clock, patience, refusal }, use)
}
