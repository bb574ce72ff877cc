import type { Node } from 'libpg-query'
import { runsInTransaction } from '../../compile/runs-in-transaction.ts'

/** Says whether a statement cannot run in a transaction: what was done before it is committed then. */
export function runsAlone(node: Node | null): boolean {
  return node !== null && !runsInTransaction(node)
}

/** Returns the words of a CONCURRENTLY that cannot run in a transaction; null: it is none. REFRESH … CONCURRENTLY can. */
export function concurrentForm(node: Node | null): string | null {
  if (node === null || runsInTransaction(node)) return null
  if ('IndexStmt' in node) return 'CREATE INDEX CONCURRENTLY'
  if ('DropStmt' in node) return 'DROP INDEX CONCURRENTLY'
  if ('AlterTableStmt' in node) return 'DETACH PARTITION CONCURRENTLY'
  return 'ReindexStmt' in node && reindexOfMany(node) === undefined ? 'REINDEX CONCURRENTLY' : null
}

/** Returns the words of another statement that cannot run in a transaction, `VACUUM`; null: it is none. */
export function untransactionalCommand(node: Node | null): string | null {
  if (node === null || runsInTransaction(node) || concurrentForm(node) !== null) return null
  const [kind = ''] = Object.keys(node)
  return reindexOfMany(node) ?? COMMANDS[kind] ?? 'This statement'
}

function reindexOfMany(node: Node): string | undefined {
  const kind = 'ReindexStmt' in node ? node.ReindexStmt.kind : undefined
  return kind && WIDE_REINDEX[kind]
}

const WIDE_REINDEX: Readonly<Record<string, string>> = {
  REINDEX_OBJECT_DATABASE: 'REINDEX DATABASE',
  REINDEX_OBJECT_SCHEMA: 'REINDEX SCHEMA',
  REINDEX_OBJECT_SYSTEM: 'REINDEX SYSTEM',
}

const COMMANDS: Readonly<Record<string, string>> = {
  AlterDatabaseStmt: 'ALTER DATABASE SET TABLESPACE',
  AlterSubscriptionStmt: 'ALTER SUBSCRIPTION',
  AlterSystemStmt: 'ALTER SYSTEM',
  ClusterStmt: 'CLUSTER without a table',
  CreateSubscriptionStmt: 'CREATE SUBSCRIPTION',
  CreateTableSpaceStmt: 'CREATE TABLESPACE',
  CreatedbStmt: 'CREATE DATABASE',
  DiscardStmt: 'DISCARD ALL',
  DropSubscriptionStmt: 'DROP SUBSCRIPTION',
  DropTableSpaceStmt: 'DROP TABLESPACE',
  DropdbStmt: 'DROP DATABASE',
  VacuumStmt: 'VACUUM',
}
