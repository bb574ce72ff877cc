import type { Node } from 'libpg-query'
import type { Rule, TableRef } from '../rule.ts'
import { addedConstraints } from '../syntax/added.ts'
import { contentOf, contentsOf, wordsOf } from '../syntax/nodes.ts'
import { sqlIdentifier, sqlName } from '../syntax/spelling.ts'
import { nameOf, tableOf } from '../syntax/tables.ts'

/** A unique index or key over rows that are there. */
export const uniqueMayFail: Rule = {
  id: 'unique-may-fail',
  class: 'advice',
  summary: 'Makes columns unique that may hold duplicates, which fails on the tenants that have some.',
  restorePoint: false,
  approval: 'no',
  decidedBy: 'rule',
  find: ({ node }) =>
    uniqueKeys(node).map(({ table, columns }) => {
      const list = columns.map(sqlIdentifier).join(', ')
      return {
        message: `A tenant with duplicates of (${columns.map((it) => `\`${it}\``).join(', ')}) in \`${nameOf(table)}\` fails with 23505.`,
        help: `Look for duplicates first: \`SELECT ${list} FROM ${sqlName(table)} GROUP BY ${list} HAVING count(*) > 1\`.`,
        table,
      }
    }),
}

interface UniqueKey {
  readonly table: TableRef
  readonly columns: readonly string[]
}

/** Keys on expressions are left out: there is no list of columns to look for. */
function uniqueKeys(node: Node | null): readonly UniqueKey[] {
  const constraints = addedConstraints(node, 'CONSTR_UNIQUE', 'CONSTR_PRIMARY')
    .filter(({ constraint, column }) => !column && !constraint.indexname && !constraint.without_overlaps)
    .map(({ table, constraint }) => ({ table, columns: wordsOf(constraint.keys) }))
  const index = contentOf(node, 'IndexStmt')
  if (!index?.unique || index.whereClause) return constraints
  const columns = contentsOf(index.indexParams, 'IndexElem').map(({ name }) => name)
  const isPlain = columns.every((name) => name !== undefined)
  return isPlain ? [...constraints, { table: tableOf(index.relation), columns }] : constraints
}
