import { MIGRATION_LOCK } from '../postgres/advisory-lock.ts'
import type { Client } from '../postgres/connect.ts'

export interface LockHolder {
  readonly pid: number
  readonly applicationName: string
  /** Whether it has waited, in its transaction, for its client to send something: for long enough that nothing is on its way. */
  readonly idle: boolean
}

/** A server that has much to do may not have looked yet at what was sent to it. */
const IDLE_MS = 500

/** Returns which backend holds the lock in this database; undefined when nobody does, or when it went away meanwhile. */
export async function findLockHolder(client: Client): Promise<LockHolder | undefined> {
  const { rows } = await client.query<LockHolder>(`
    select lock.pid, activity.application_name as "applicationName",
      activity.state like 'idle in transaction%'
        and activity.state_change < clock_timestamp() - interval '${IDLE_MS} milliseconds' as idle
    from pg_locks lock join pg_stat_activity activity on activity.pid = lock.pid
    where lock.locktype = 'advisory' and lock.granted and lock.objsubid = 1
      and lock.database = (select oid from pg_database where datname = current_database())
      and lock.classid = ${MIGRATION_LOCK >> 32n} and lock.objid = ${MIGRATION_LOCK & 0xffffffffn}
    limit 1`)
  return rows[0]
}

/** Says whether a backend is one of a fleet: then it ends or commits by itself soon after its process died. */
export function isOurs(holder: LockHolder): boolean {
  return holder.applicationName.startsWith('fleet/')
}

/**
 * Says whether a backend belongs to an attempt that ours has replaced: an earlier one, or one of an earlier rollout. Its
 * driver has lost the run, whether it knows that or is stalled, and nothing that it does counts any more.
 */
export function isReplaced(holder: LockHolder, applicationName: string): boolean {
  const [theirs, ours] = [attemptIn(holder.applicationName), attemptIn(applicationName)]
  if (theirs === undefined || ours === undefined) return false
  return theirs.rollout < ours.rollout || (theirs.rollout === ours.rollout && theirs.attempt < ours.attempt)
}

function attemptIn(applicationName: string): { rollout: number; attempt: number } | undefined {
  const [, rollout, attempt] = /^fleet\/r(\d+)\/.+\/(\d+)$/.exec(applicationName) ?? []
  return rollout === undefined || attempt === undefined
    ? undefined
    : { rollout: Number(rollout), attempt: Number(attempt) }
}
