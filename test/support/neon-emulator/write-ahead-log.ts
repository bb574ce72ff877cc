import type { ConnectionDescriptor } from '../../../src/model/connection.ts'
import { type Client, closeClient, openClient, openPool, type Pool } from '../../../src/postgres/connect.ts'
import { quoteIdentifier } from '../../../src/postgres/identifiers.ts'
import { sqlstateOf } from '../../../src/postgres/sqlstate.ts'

/** What the server's write-ahead log tells of databases, by extension pg_walinspect. */
export interface WriteAheadLog {
  /** Where the log ends, all before it flushed. */
  currentLsn(): Promise<string>
  /** Whether a transaction wrote to the database after this LSN, or wrote before it and was committed after it; `until`: up to that LSN only. */
  isWrittenSince(database: string, lsn: string, until?: string): Promise<boolean>
  /** Where a database was copied file by file into another one, by a statement that began after `since`. */
  lsnOfCopy(database: string, since: string): Promise<string>
  close(): Promise<void>
}

export interface WriteAheadLogOptions {
  readonly server: ConnectionDescriptor
  readonly admin: Pool
  /** Of the database that gets the extension and of the slot that keeps the log; both are made here. */
  readonly name: string
}

/** Records may begin before an LSN and end after it: a flushed position can be in the middle of one. */
const LONGEST_RECORD = 1024 * 1024
/** pg_statistic and pg_statistic_ext_data, their indexes and their TOAST tables: autovacuum analyses when it likes. */
const STATISTICS = [2619, 2696, 2840, 2841, 3429, 3430, 3431, 3433]
/**
 * Of a transaction, yet no change of what is stored. What vacuum does has no transaction, but for the end of a table that it cuts
 * off; that leaves records of these kinds, and none of the main fork beside them.
 */
const UPKEEP = ['FPI_FOR_HINT', 'INPLACE', 'PRUNE_ON_ACCESS', 'PRUNE_VACUUM_SCAN', 'PRUNE_VACUUM_CLEANUP']
const NO_SUCH_FILE = '58P01'
const CONFIGURATION_LIMIT = '53400'

/**
 * Makes a database with pg_walinspect, and a slot that keeps the log from now on: the next checkpoint would remove it. The slot is
 * temporary, so that it goes with this process whatever becomes of it. Where the server has no slot left the log is kept as long as
 * the server likes.
 */
export async function openWriteAheadLog({ server, admin, name }: WriteAheadLogOptions): Promise<WriteAheadLog> {
  await admin.query(`create database ${quoteIdentifier(name)} template template0 strategy file_copy`)
  const to = { ...server, database: name }
  const pool = openPool(to, { max: 2, applicationName: 'neon-emulator' })
  let keeper: Client | undefined
  const close = async () => {
    if (keeper !== undefined) await closeClient(keeper)
    await pool.end()
    await admin.query(`drop database if exists ${quoteIdentifier(name)} with (force)`)
  }
  try {
    await pool.query('create extension pg_walinspect')
    keeper = await openClient(to, { applicationName: 'neon-emulator' })
    return writeAheadLog(pool, { keptSince: await keepLog(keeper, name), close })
  } catch (error) {
    await close()
    throw error
  }
}

/** Returns since when the log is kept, as long as this session lasts. */
async function keepLog(client: Client, slot: string): Promise<string> {
  try {
    const { rows } = await client.query<{ lsn: string }>(
      'select lsn from pg_create_physical_replication_slot($1, true, true)',
      [slot],
    )
    return rows[0]?.lsn ?? '0/0'
  } catch (error) {
    if (sqlstateOf(error) !== CONFIGURATION_LIMIT) throw error
    const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_insert_lsn() as lsn')
    return rows[0]?.lsn ?? '0/0'
  }
}

function writeAheadLog(pool: Pool, { keptSince, close }: { keptSince: string; close(): Promise<void> }): WriteAheadLog {
  const currentLsn = async () => {
    // An asynchronous commit may not have been flushed, and only what was flushed can be inspected.
    const { rows } = await pool.query<{ lsn: string }>(
      `select pg_logical_emit_message(false, 'neon-emulator', '', true) as lsn`,
    )
    return rows[0]?.lsn ?? ''
  }
  return {
    currentLsn,
    async isWrittenSince(database: string, lsn: string, until?: string) {
      const to = until ?? (await currentLsn())
      try {
        const { rows } = await pool.query<{ written: boolean }>(WRITTEN, [
          database,
          lsn,
          to,
          keptSince,
          STATISTICS,
          UPKEEP,
        ])
        if (rows[0] === undefined) throw new Error(`There is no database "${database}".`)
        return rows[0].written
      } catch (error) {
        // Of what is not in the log any more nothing can be said.
        if (sqlstateOf(error) === NO_SUCH_FILE) return true
        throw error
      }
    },
    async lsnOfCopy(database: string, since: string) {
      const to = await currentLsn()
      const { rows } = await pool.query<{ lsn: string }>(
        `select r.end_lsn as lsn from pg_get_wal_records_info($2::pg_lsn, $3::pg_lsn) r, pg_database d
         where r.resource_manager = 'Database' and r.record_type = 'CREATE_FILE_COPY'
           and d.datname = $1 and r.description like '% to %/' || d.oid`,
        [database, since, to],
      )
      const [copy] = rows
      if (copy === undefined) throw new Error(`The log has no copy of a database to "${database}" after ${since}.`)
      return copy.lsn
    },
    close,
  }
}

/**
 * $1 database, $2 from, $3 to, $4 the beginning of what is kept, $5 relations and $6 kinds of records that do not count. A commit
 * does not say of which database it is. One of a transaction that left no block after $2 may be of a transaction that wrote before
 * it: then its blocks are looked for there.
 */
const WRITTEN = `
with d as (select oid from pg_database where datname = $1),
after as materialized (
  select b.* from pg_get_wal_block_info(greatest($4::pg_lsn, $2::pg_lsn - ${LONGEST_RECORD}), $3::pg_lsn, false) b
  where b.end_lsn > $2::pg_lsn),
commits as materialized (
  select distinct x.id::xid as xid from pg_get_wal_records_info($2::pg_lsn, $3::pg_lsn) r,
    regexp_split_to_table(r.xid::text || coalesce(' ' || substring(r.description from 'subxacts: ([0-9 ]+)'), ''), '\\s+') x(id)
  where r.resource_manager = 'Transaction' and r.record_type like 'COMMIT%' and x.id <> ''),
older as (select xid from commits where xid::text not in (select xid::text from after where xid is not null))
select exists (
    select from after b where b.reldatabase = d.oid and b.relforknumber = 0 and b.xid::text <> '0'
      and b.record_type <> all ($6) and b.relfilenode <> all ($5))
  or exists (select from older) and $4::pg_lsn < $2::pg_lsn and exists (
    select from pg_get_wal_block_info(least($4::pg_lsn, $2::pg_lsn), $2::pg_lsn, false) b, older o
    where b.reldatabase = d.oid and b.relforknumber = 0 and b.xid::text = o.xid::text
      and b.record_type <> all ($6) and b.relfilenode <> all ($5)) as written from d`
