import type { Node } from 'libpg-query'

/**
 * Says whether a statement may run in a transaction with others. What depends on the tenant's catalog, such as reindexing a
 * partitioned table, only the server knows.
 */
export function runsInTransaction(node: Node): boolean {
  if (NEVER.some((kind) => kind in node)) return false
  if ('IndexStmt' in node) return node.IndexStmt.concurrent !== true
  if ('DropStmt' in node) return node.DropStmt.concurrent !== true
  if ('VacuumStmt' in node) return node.VacuumStmt.is_vacuumcmd !== true
  if ('ClusterStmt' in node) return node.ClusterStmt.relation !== undefined
  if ('DiscardStmt' in node) return node.DiscardStmt.target !== 'DISCARD_ALL'
  if ('AlterDatabaseStmt' in node) return !hasOption(node.AlterDatabaseStmt.options, 'tablespace')
  if ('ReindexStmt' in node) {
    const { kind, params } = node.ReindexStmt
    return !REINDEX_MANY.some((it) => it === kind) && (optionIsOff(params, 'concurrently') ?? true)
  }
  if ('AlterTableStmt' in node) return !(node.AlterTableStmt.cmds ?? []).some(detachesConcurrently)
  if ('CreateSubscriptionStmt' in node) {
    const { options } = node.CreateSubscriptionStmt
    return ['connect', 'create_slot'].some((name) => optionIsOff(options, name) === true)
  }
  if ('AlterSubscriptionStmt' in node) {
    const { kind, options } = node.AlterSubscriptionStmt
    if (kind === 'ALTER_SUBSCRIPTION_REFRESH') return false
    if (CHANGES_PUBLICATIONS.some((it) => it === kind)) return optionIsOff(options, 'refresh') === true
    return !['two_phase', 'failover'].some((name) => hasOption(options, name))
  }
  return true
}

const NEVER = [
  'CreatedbStmt',
  'DropdbStmt',
  'CreateTableSpaceStmt',
  'DropTableSpaceStmt',
  'AlterSystemStmt',
  // Unless it has no replication slot, which only the tenant knows.
  'DropSubscriptionStmt',
]

const REINDEX_MANY = ['REINDEX_OBJECT_SCHEMA', 'REINDEX_OBJECT_SYSTEM', 'REINDEX_OBJECT_DATABASE']

const CHANGES_PUBLICATIONS = [
  'ALTER_SUBSCRIPTION_SET_PUBLICATION',
  'ALTER_SUBSCRIPTION_ADD_PUBLICATION',
  'ALTER_SUBSCRIPTION_DROP_PUBLICATION',
]

function detachesConcurrently(command: Node): boolean {
  const definition = 'AlterTableCmd' in command ? command.AlterTableCmd.def : undefined
  return definition !== undefined && 'PartitionCmd' in definition && definition.PartitionCmd.concurrent === true
}

function hasOption(options: readonly Node[] | undefined, name: string): boolean {
  return optionIsOff(options, name) !== undefined
}

/** Reads an option as PostgreSQL does, where nothing but a spelt-out no means no; undefined: it is not given. */
function optionIsOff(options: readonly Node[] | undefined, name: string): boolean | undefined {
  for (const option of options ?? []) {
    if (!('DefElem' in option) || option.DefElem.defname !== name) continue
    const { arg } = option.DefElem
    if (arg === undefined) return false
    if ('Boolean' in arg) return arg.Boolean.boolval !== true
    if ('Integer' in arg) return (arg.Integer.ival ?? 0) === 0
    return 'String' in arg && ['false', 'off'].includes((arg.String.sval ?? '').toLowerCase())
  }
  return undefined
}
