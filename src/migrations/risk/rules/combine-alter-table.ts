import type { Rule, RuleContext, TableRef } from '../rule.ts'
import type { Statement } from '../statement.ts'
import { contentOf } from '../syntax/nodes.ts'
import { isSameTable, nameOf } from '../syntax/tables.ts'
import { tracedFacts } from '../traced-facts.ts'
import { addColumnConstrainedDomain } from './add-column-constrained-domain.ts'
import { addColumnIdentity } from './add-column-identity.ts'
import { addColumnSerial } from './add-column-serial.ts'
import { addColumnStoredGenerated } from './add-column-stored-generated.ts'
import { addColumnUnknownDefault } from './add-column-unknown-default.ts'
import { addColumnVolatileDefault } from './add-column-volatile-default.ts'
import { changeColumnType } from './change-column-type.ts'
import { setAccessMethod } from './set-access-method.ts'
import { setExpression } from './set-expression.ts'
import { setLogged } from './set-logged.ts'
import { setUnlogged } from './set-unlogged.ts'

/** A second ALTER TABLE of a migration that rewrites the table which one before it has rewritten. */
export const combineAlterTable: Rule = {
  id: 'combine-alter-table',
  class: 'advice',
  summary: 'Rewrites a table once more that the same migration has rewritten before.',
  restorePoint: false,
  approval: 'no',
  decidedBy: 'rule',
  find: (statement, context) => {
    const { index, statements, traces } = context
    const [table] = rewrittenTables(statement, context)
    if (table === undefined) return []
    const before = statements
      .slice(0, index)
      .findIndex((earlier, at) =>
        rewrittenTables(earlier, { ...context, index: at, trace: traces?.[at] }).some((it) => isSameTable(it, table)),
      )
    if (before === -1) return []
    return [
      {
        message: `ACCESS EXCLUSIVE on \`${nameOf(table)}\` blocks reads and writes for a second rewrite, after that of statement ${before + 1}.`,
        help: 'Combine the actions in one ALTER TABLE, separated by commas: it writes every row once.',
        table,
        lock: 'ACCESS EXCLUSIVE',
        rewrite: true,
      },
    ]
  },
}

const REWRITING: readonly Rule[] = [
  addColumnConstrainedDomain,
  addColumnIdentity,
  addColumnSerial,
  addColumnStoredGenerated,
  addColumnUnknownDefault,
  addColumnVolatileDefault,
  changeColumnType,
  setAccessMethod,
  setExpression,
  setLogged,
  setUnlogged,
]

function rewrittenTables(statement: Statement, context: RuleContext): readonly TableRef[] {
  if (contentOf(statement.node, 'AlterTableStmt') === undefined) return []
  const suspects = REWRITING.flatMap((rule) => rule.find(statement, context)).flatMap(({ table }) => table ?? [])
  const relations = tracedFacts(context)?.relations
  if (relations === undefined) return suspects
  return suspects.filter((table) => relations.some((it) => it.rewritten && isSameTable(it, table)))
}
