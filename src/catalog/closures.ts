import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { Clock } from '../lib/clock.ts'
import { type DriverIdentity, describeProcess, isProvenDead, thisProcess } from '../lib/process-identity.ts'
import type { AbandonedClosure, Closure, ClosureLog } from '../model/closure.ts'
import type { CatalogDb, CatalogTransaction } from './catalog-schema.ts'
import { LEASE_SECONDS } from './leases.ts'

const HEARTBEAT_MS = 5_000
const SILENT = sql<boolean>`heartbeat_at < clock_timestamp() - make_interval(secs => ${LEASE_SECONDS})`

/** Writes closures of this process into a catalog; `db` is asked for it when the first one comes. */
export function closureLog(db: () => CatalogDb, clock: Clock): ClosureLog {
  return {
    record: async (closures) => {
      const token = randomUUID()
      await insertClosures(db(), closures, token)
      // One that fails is made up for by the next; without any, the closures are lifted, and nothing is lost.
      const stop = clock.every(HEARTBEAT_MS, () => void renewClosures(db(), token).catch(() => {}))
      return {
        leave: stop,
        strikeOut: async () => {
          stop()
          await db().deleteFrom('fleet.closure').where('token', '=', token).execute()
        },
      }
    },
  }
}

/** What is recorded for the same entry is taken over: whoever left it there is dead, or has lost the tenant's lock. */
async function insertClosures(db: CatalogDb, closures: readonly Closure[], token: string): Promise<void> {
  const driver = JSON.stringify(thisProcess())
  const key = ({ pooler, entry }: Closure) => `${pooler} ${entry}`
  // In one order, so that two processes wait for each other's rows in one direction only.
  const rows = closures.toSorted((a, b) => (key(a) < key(b) ? -1 : 1)).map((it) => ({ ...it, token, driver }))
  if (rows.length === 0) return
  const now = sql<Date>`clock_timestamp()`
  await db
    .insertInto('fleet.closure')
    .values(rows)
    .onConflict((it) =>
      it.columns(['pooler', 'entry']).doUpdateSet((eb) => ({
        server: eb.ref('excluded.server'),
        database: eb.ref('excluded.database'),
        token: eb.ref('excluded.token'),
        driver: eb.ref('excluded.driver'),
        closed_at: now,
        heartbeat_at: now,
      })),
    )
    .execute()
}

async function renewClosures(db: CatalogDb, token: string): Promise<void> {
  await db
    .updateTable('fleet.closure')
    .set({ heartbeat_at: sql<Date>`clock_timestamp()` })
    .where('token', '=', token)
    .execute()
}

/** Lists the closures whose process is dead, or was not heard of for as long as a driver may be silent. */
export async function listAbandonedClosures(db: CatalogDb): Promise<readonly AbandonedClosure[]> {
  const rows = await selectClosures(db).orderBy('closed_at').execute()
  return rows.filter(isAbandoned).map(({ driver, closed_at, silent: _silent, heartbeat_at: _at, ...closure }) => ({
    ...closure,
    by: describeProcess(driver),
    since: closed_at,
  }))
}

/**
 * Has `lift` end a closure, and strikes it out; what `lift` throws leaves it. Whoever is about to close the same again waits
 * until that is done; where somebody has closed it again, or is lifting it, nothing happens.
 */
export async function strikeOutClosure(
  db: CatalogDb,
  { token, pooler, entry }: AbandonedClosure,
  lift: () => Promise<void>,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const row = await selectClosures(tx)
      .where('token', '=', token)
      .where('pooler', '=', pooler)
      .where('entry', '=', entry)
      .forUpdate()
      .skipLocked()
      .executeTakeFirst()
    if (row === undefined || !isAbandoned(row)) return
    await lift()
    await tx.deleteFrom('fleet.closure').where('pooler', '=', pooler).where('entry', '=', entry).execute()
  })
}

function selectClosures(db: CatalogDb | CatalogTransaction) {
  return db.selectFrom('fleet.closure').selectAll().select(SILENT.as('silent'))
}

function isAbandoned({ driver, silent }: { readonly driver: DriverIdentity; readonly silent: boolean }): boolean {
  return silent || isProvenDead(driver)
}
