import type { ReindexStmt } from 'libpg-query'
import { tableOfIndex } from '../index-table.ts'
import type { Rule, RuleContext, TableRef } from '../rule.ts'
import { contentOf, isOptionOn } from '../syntax/nodes.ts'
import { sqlIdentifier, sqlName } from '../syntax/spelling.ts'
import { nameOf, tableOf } from '../syntax/tables.ts'

/** REINDEX without CONCURRENTLY. */
export const reindexBlocking: Rule = {
  id: 'reindex-blocking',
  class: 'blocking',
  summary: 'Builds indexes anew while nobody can write to the table, nor plan a query on it.',
  restorePoint: false,
  approval: 'big',
  decidedBy: 'rule',
  find: ({ node }, context) => {
    const reindex = contentOf(node, 'ReindexStmt')
    if (reindex === undefined || isOptionOn(reindex.params, 'concurrently')) return []
    const target = targetOf(reindex, context)
    return [
      {
        message: `SHARE on ${target.whole} blocks writes, and ACCESS EXCLUSIVE on ${target.indexes} blocks reads, until every row is indexed anew.`,
        help: `Run \`${target.concurrently}\` in a migration of its own with \`export const config = { transaction: false }\`.`,
        ...(target.table && { table: target.table }),
        lock: 'SHARE',
        rewrite: true,
        scan: true,
      },
    ]
  },
}

interface ReindexTarget {
  readonly table: TableRef | undefined
  readonly whole: string
  readonly indexes: string
  readonly concurrently: string
}

function targetOf({ kind, relation, name }: ReindexStmt, context: RuleContext): ReindexTarget {
  const ref = tableOf(relation)
  if (kind === 'REINDEX_OBJECT_TABLE') {
    const sql = `REINDEX TABLE CONCURRENTLY ${sqlName(ref)}`
    return { table: ref, whole: `\`${nameOf(ref)}\``, indexes: 'its indexes', concurrently: sql }
  }
  if (kind === 'REINDEX_OBJECT_INDEX') {
    const table = tableOfIndex(context, ref)
    const [whole, indexes] = [table ? `\`${nameOf(table)}\`` : 'its table', `\`${nameOf(ref)}\``]
    return { table, whole, indexes, concurrently: `REINDEX INDEX CONCURRENTLY ${sqlName(ref)}` }
  }
  const level = kind === 'REINDEX_OBJECT_SCHEMA' ? 'SCHEMA' : 'DATABASE'
  const sql = `REINDEX ${level} CONCURRENTLY${name === undefined ? '' : ` ${sqlIdentifier(name)}`}`
  return { table: undefined, whole: 'one table after another', indexes: 'its indexes', concurrently: sql }
}
