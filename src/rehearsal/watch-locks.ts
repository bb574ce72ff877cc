import type { Clock } from '../lib/clock.ts'
import { LOCK_MODES, type LockMode } from '../model/finding.ts'
import type { Client } from '../postgres/connect.ts'
import type { LockSample } from './held-locks.ts'

/** Between the answer of one look and the next, in milliseconds: a look takes all partitions of the server's lock table. */
const EVERY_MS = 10
/** Those that keep others from reading or writing rows. */
const MODES = LOCK_MODES.slice(LOCK_MODES.indexOf('SHARE'))

/**
 * Looks again and again at the locks of a backend that keep others from reading or writing, until it is stopped. What the
 * backend itself has made and not committed is left out: nobody else waits for that.
 * @param client a session in the same database, which nobody else uses meanwhile
 */
export function watchLocks(
  client: Client,
  { pid, clock }: { readonly pid: number; readonly clock: Clock },
): { stop(): Promise<readonly LockSample[]> } {
  const samples: LockSample[] = []
  let isOver = false
  const watching = (async () => {
    for (;;) {
      const isLast = isOver
      const sample = await look(client, pid)
      const last = samples.at(-1)
      // Between two changes only the last look counts.
      if (last !== undefined && samples.length > 1 && isAlike(last, sample) && isAlike(samples.at(-2), sample))
        samples[samples.length - 1] = sample
      else samples.push(sample)
      if (isLast) return
      await clock.sleep(EVERY_MS)
    }
  })()
  // It is awaited by `stop`; until then its failure must not end the process.
  watching.catch(() => {})
  return {
    stop: async () => {
      isOver = true
      await watching
      return samples
    },
  }
}

async function look(client: Client, pid: number): Promise<LockSample> {
  const { rows } = await client.query<{
    at: number
    transaction: string | null
    locks: { table: string; mode: string }[]
  }>(
    `select extract(epoch from clock_timestamp())::float8 * 1000 as at,
       (select xact_start::text from pg_stat_activity where pid = $1) as transaction,
       (select coalesce(jsonb_agg(jsonb_build_object('table', format('%I.%I', n.nspname, c.relname), 'mode', l.mode)), '[]')
        from pg_locks l join pg_class c on c.oid = l.relation join pg_namespace n on n.oid = c.relnamespace
        where l.pid = $1 and l.locktype = 'relation' and l.granted and n.nspname not in ('pg_catalog', 'pg_toast')
          and l.database = (select oid from pg_database where datname = current_database())) as locks`,
    [pid],
  )
  const { at = 0, transaction = null, locks = [] } = rows[0] ?? {}
  const known = locks.flatMap(({ table, mode }) => {
    const name = MODES.find((it) => `${it.replaceAll(' ', '')}LOCK` === mode.toUpperCase())
    return name === undefined ? [] : [{ table, mode: name satisfies LockMode }]
  })
  return { at, transaction, locks: known }
}

function isAlike(a: LockSample | undefined, b: LockSample): boolean {
  return a !== undefined && a.transaction === b.transaction && JSON.stringify(a.locks) === JSON.stringify(b.locks)
}
