import { lockMessage } from '../lock-message.ts'
import type { Match, Rule, TableRef } from '../rule.ts'
import { contentOf, contentsOf, isOptionOn } from '../syntax/nodes.ts'
import { sqlName } from '../syntax/spelling.ts'
import { tableOf } from '../syntax/tables.ts'

/** VACUUM FULL and CLUSTER. */
export const vacuumFullCluster: Rule = {
  id: 'vacuum-full-cluster',
  class: 'rewrite',
  summary: 'Copies a table and builds all its indexes anew, to free space or to put the rows in order.',
  restorePoint: false,
  approval: 'big',
  decidedBy: 'rule',
  find: ({ node }) => {
    const vacuum = contentOf(node, 'VacuumStmt')
    const cluster = contentOf(node, 'ClusterStmt')
    if (cluster) return [copying(cluster.relation && tableOf(cluster.relation), 'every table that was ever clustered')]
    if (!vacuum?.is_vacuumcmd || !isOptionOn(vacuum.options, 'full')) return []
    const tables = contentsOf(vacuum.rels, 'VacuumRelation').map(({ relation }) => tableOf(relation))
    if (tables.length === 0) return [copying(undefined, 'one table of the database after another')]
    return tables.map((table) => ({
      ...copying(table, ''),
      help: `Run \`VACUUM (ANALYZE) ${sqlName(table)}\`, which blocks neither reads nor writes and lets new rows use the space.`,
    }))
  },
}

function copying(table: TableRef | undefined, what: string): Match {
  const work = 'while it is copied and its indexes are built anew'
  return {
    message: table
      ? lockMessage('ACCESS EXCLUSIVE', table, work)
      : `ACCESS EXCLUSIVE on ${what} blocks reads and writes ${work}.`,
    ...(table && { table }),
    lock: 'ACCESS EXCLUSIVE',
    rewrite: true,
    scan: true,
  }
}
