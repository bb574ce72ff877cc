import { systemClock } from '../../../src/lib/clock.ts'
import type { Pool } from '../../../src/postgres/connect.ts'
import { quoteIdentifier } from '../../../src/postgres/identifiers.ts'
import { SQLSTATE, sqlstateOf } from '../../../src/postgres/sqlstate.ts'
import { applyDatabaseSettings, readDatabaseSettings } from '../../../src/providers/postgres/database-settings.ts'
import { DatabaseBusy } from './data-plane.ts'
import type { WriteAheadLog } from './write-ahead-log.ts'

/** Databases as they stand for branches and marks; see data-plane.ts. */
export interface Copies {
  freeze(from: string, to: string): Promise<string>
  thaw(from: string, to: string): Promise<void>
}

const PATIENCE_MS = 5_000
const LOOK_EVERY_MS = 20

/**
 * Copies with strategy FILE_COPY: it leaves one record in the log where the copy was made, which is the LSN that is reported, and
 * not a record for each page, which would all have to be read by who asks for what was written since.
 */
export function createCopies(admin: Pool, wal: WriteAheadLog): Copies {
  return {
    async freeze(from, to) {
      const since = await wal.currentLsn()
      await whenNobodyIsInside(admin, from, () => copy(admin, { from, to, isOpen: false }))
      return wal.lsnOfCopy(to, since)
    },
    thaw: (from, to) => copy(admin, { from, to, isOpen: true }),
  }
}

/** A copy by CREATE DATABASE has what is in the database; what is the database's own has to be carried over. */
async function copy(admin: Pool, { from, to, isOpen }: { from: string; to: string; isOpen: boolean }): Promise<void> {
  const client = await admin.connect()
  try {
    const settings = await readDatabaseSettings(client, from)
    const owner = settings === undefined ? '' : `owner ${quoteIdentifier(settings.owner)}`
    // Closed until it is as its model; without a model the server says so.
    await client.query(
      `create database ${quoteIdentifier(to)} template ${quoteIdentifier(from)} strategy file_copy ${owner} allow_connections false`,
    )
    if (settings === undefined) return
    const lost = await applyDatabaseSettings(client, to, settings)
    if (lost.length > 0) {
      await client.query(`drop database ${quoteIdentifier(to)}`)
      throw new Error(`Database "${to}" is not as "${from}": ${lost.join('; ')}`)
    }
    if (isOpen) await client.query(`alter database ${quoteIdentifier(to)} allow_connections true`)
  } finally {
    client.release()
  }
}

/** The server copies a database only when nobody is in it, and lets nobody in meanwhile. */
async function whenNobodyIsInside(admin: Pool, database: string, act: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    if ((await endIdleSessions(admin, database)) === 0) {
      try {
        return await act()
      } catch (error) {
        // Somebody came in between.
        if (sqlstateOf(error) !== SQLSTATE.objectInUse) throw error
      }
    }
    if (performance.now() > deadline) {
      throw new DatabaseBusy(`Database "${database}" cannot be copied: sessions in it were busy for ${PATIENCE_MS} ms.`)
    }
    await systemClock.sleep(LOOK_EVERY_MS)
  }
}

/** Returns how many sessions are left. */
async function endIdleSessions(admin: Pool, database: string): Promise<number> {
  const { rows } = await admin.query<{ left: number }>(
    `select count(*) filter (where state is distinct from 'idle' or not pg_terminate_backend(pid, ${PATIENCE_MS}))::int as left
     from pg_stat_activity where datname = $1 and backend_type = 'client backend'`,
    [database],
  )
  return rows[0]?.left ?? 0
}
