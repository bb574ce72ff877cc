import type { HistoryTables } from '../migrations/migration.ts'
import type { Mark } from '../model/mark.ts'
import type { Placement } from '../model/tenant.ts'
import { withClient } from '../postgres/connect.ts'
import type { RestorePointRef } from '../providers/copying-provider.ts'
import type { Provider } from '../providers/provider.ts'
import { matchTables, type TablePair } from './match-tables.ts'
import { rowHashes } from './row-hashes.ts'
import { withReading } from './with-reading.ts'

/** The rows of a restore point's small tables, read before anybody has to wait for it. */
export interface ReadAhead {
  /** By the OID of the tenant's table. */
  readonly tables: ReadonlyMap<number, TableReadAhead>
  readonly largeObjects: number
}

export interface TableReadAhead {
  readonly pair: TablePair
  /** In the order of their hashes. */
  readonly rows: readonly { readonly hash: Buffer }[]
}

export interface ReadAheadOptions {
  readonly provider: Provider
  readonly placement: Placement
  readonly point: RestorePointRef
  /** Of the restore point. */
  readonly mark: Mark
  readonly history: HistoryTables
}

/** Of all tables together. So much is read and sorted in a fraction of a second, and its hashes fit into memory. */
export const COMPARED_BYTES = 8 * 1024 * 1024

const STATEMENT_TIMEOUT_MS = 5_000

/**
 * Reads the rows of a restore point's tables as hashes, the smallest tables first, up to `COMPARED_BYTES`. Nobody writes
 * there: so it can be done before the tenant is closed for the restore, and only the tenant itself is read while it is.
 * @throws FleetError what looking into the restore point throws
 */
export async function readAhead({ provider, placement, point, mark, history }: ReadAheadOptions): Promise<ReadAhead> {
  const reading = { role: placement.ownerRole, history, statementTimeout: STATEMENT_TIMEOUT_MS }
  const applicationName = 'fleet/compare'
  const present = await withClient(await provider.connect(placement), { applicationName }, (client) =>
    withReading(client, reading, async ({ tables }) => tables),
  )
  const tables = new Map<number, TableReadAhead>()
  let largeObjects = 0
  await provider.lookIntoRestorePoint(point, mark, (copy) =>
    withClient(copy, { applicationName }, (client) =>
      withReading(client, reading, async (stored) => {
        largeObjects = stored.largeObjects
        for (const pair of smallest(matchTables(present, stored.tables))) {
          const rows: { hash: Buffer }[] = []
          if (pair.older !== null) {
            const columns = pair.columns.map(({ older }) => older)
            for await (const { hash } of rowHashes(client, { ...pair.older, columns })) rows.push({ hash })
          }
          tables.set(pair.newer.oid, { pair, rows })
        }
      }),
    ),
  )
  return { tables, largeObjects }
}

function smallest(pairs: readonly TablePair[]): readonly TablePair[] {
  const sized = pairs.map((pair) => ({ pair, bytes: Math.max(pair.newer.bytes, pair.older?.bytes ?? 0) }))
  sized.sort((a, b) => a.bytes - b.bytes)
  let left = COMPARED_BYTES
  const end = sized.findIndex(({ bytes }) => {
    left -= bytes
    return left < 0
  })
  return sized.slice(0, end < 0 ? sized.length : end).map(({ pair }) => pair)
}
