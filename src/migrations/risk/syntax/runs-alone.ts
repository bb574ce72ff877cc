import type { Node } from 'libpg-query'
import { tableChanges } from './alter-table.ts'
import { contentOf, isOptionOn, optionOf } from './nodes.ts'

/** Returns the words of a CONCURRENTLY that cannot run in a transaction; null: it is none. REFRESH … CONCURRENTLY can. */
export function concurrentForm(node: Node | null): string | null {
  if (contentOf(node, 'IndexStmt')?.concurrent) return 'CREATE INDEX CONCURRENTLY'
  if (contentOf(node, 'DropStmt')?.concurrent) return 'DROP INDEX CONCURRENTLY'
  if (isOptionOn(contentOf(node, 'ReindexStmt')?.params, 'concurrently')) return 'REINDEX CONCURRENTLY'
  const detaches = tableChanges(node).some(({ command }) => contentOf(command.def, 'PartitionCmd')?.concurrent)
  return detaches ? 'DETACH PARTITION CONCURRENTLY' : null
}

/** Returns the words of another statement that cannot run in a transaction, `VACUUM`; null: it is none. */
export function untransactionalCommand(node: Node | null): string | null {
  if (node === null) return null
  const [kind = ''] = Object.keys(node)
  const command = ALWAYS_ALONE[kind]
  if (command !== undefined) return command
  if (contentOf(node, 'VacuumStmt')?.is_vacuumcmd) return 'VACUUM'
  const reindex = contentOf(node, 'ReindexStmt')?.kind
  if (reindex !== undefined && reindex in WIDE_REINDEX) return WIDE_REINDEX[reindex] ?? null
  const cluster = contentOf(node, 'ClusterStmt')
  if (cluster !== undefined && cluster.relation === undefined) return 'CLUSTER without a table'
  const database = contentOf(node, 'AlterDatabaseStmt')
  return optionOf(database?.options, 'tablespace') === undefined ? null : 'ALTER DATABASE SET TABLESPACE'
}

/** Says whether a statement cannot run in a transaction: what was done before it is committed then. */
export function runsAlone(node: Node | null): boolean {
  return concurrentForm(node) !== null || untransactionalCommand(node) !== null
}

const ALWAYS_ALONE: Readonly<Record<string, string>> = {
  AlterSystemStmt: 'ALTER SYSTEM',
  CreateSubscriptionStmt: 'CREATE SUBSCRIPTION',
  CreateTableSpaceStmt: 'CREATE TABLESPACE',
  CreatedbStmt: 'CREATE DATABASE',
  DropSubscriptionStmt: 'DROP SUBSCRIPTION',
  DropTableSpaceStmt: 'DROP TABLESPACE',
  DropdbStmt: 'DROP DATABASE',
}

const WIDE_REINDEX: Readonly<Record<string, string>> = {
  REINDEX_OBJECT_DATABASE: 'REINDEX DATABASE',
  REINDEX_OBJECT_SCHEMA: 'REINDEX SCHEMA',
  REINDEX_OBJECT_SYSTEM: 'REINDEX SYSTEM',
}
