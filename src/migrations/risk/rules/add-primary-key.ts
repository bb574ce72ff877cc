import { INDEX_CONSTRAINT, indexConstraints } from '../index-constraint.ts'
import { lockMessage } from '../lock-message.ts'
import { isProvenNotNull } from '../null-proofs.ts'
import type { Match, Rule, RuleContext } from '../rule.ts'
import type { Statement } from '../statement.ts'
import { type AddedConstraint, addedConstraints } from '../syntax/added.ts'
import { contentOf, contentsOf } from '../syntax/nodes.ts'
import { sqlIdentifier, sqlName } from '../syntax/spelling.ts'
import { columnBefore, tracedRelation } from '../traced-facts.ts'

/** ADD PRIMARY KEY, also USING INDEX where a column of that index may be NULL. */
export const addPrimaryKey: Rule = {
  ...INDEX_CONSTRAINT,
  id: 'add-primary-key',
  summary:
    'Adds a primary key, whose index is built and whose columns are searched for NULL while nobody can read the table.',
  find: (statement, context) => [
    ...indexConstraints(statement, 'CONSTR_PRIMARY', 'PRIMARY KEY'),
    ...keysUsingIndex(statement, context),
  ],
}

function keysUsingIndex({ node }: Statement, context: RuleContext): readonly Match[] {
  return addedConstraints(node, 'CONSTR_PRIMARY').flatMap((added) => {
    const { table, constraint } = added
    if (constraint.indexname === undefined || !searchesForNull(added, context)) return []
    const nullable = nullableColumns(added, context)
    const column = nullable[0] === undefined ? 'its columns' : `\`${nullable[0]}\``
    const check = `ALTER TABLE ${sqlName(table)} ADD CHECK (${sqlIdentifier(nullable[0] ?? 'id')} IS NOT NULL) NOT VALID`
    return [
      {
        message: lockMessage(
          'ACCESS EXCLUSIVE',
          table,
          `while every row is read for a NULL in ${column}, which becomes NOT NULL`,
        ),
        help: `Prove it before: \`${check}\`, validated in the next migration, lets the primary key read no row.`,
        table,
        lock: 'ACCESS EXCLUSIVE',
        scan: true,
      },
    ]
  })
}

function searchesForNull(added: AddedConstraint, context: RuleContext): boolean {
  if (context.trace?.kind === 'traced') return tracedRelation(context, added.table)?.scanned ?? false
  return nullableColumns(added, context).length > 0
}

/** Only the migration's own CREATE INDEX says which columns the index has. */
function nullableColumns({ table, constraint }: AddedConstraint, context: RuleContext): readonly string[] {
  const index = context.statements
    .slice(0, context.index)
    .map(({ node }) => contentOf(node, 'IndexStmt'))
    .findLast((it) => it?.idxname === constraint.indexname)
  return contentsOf(index?.indexParams, 'IndexElem')
    .flatMap(({ name }) => name ?? [])
    .filter((name) => columnBefore(context, table, name)?.notNull === false && !isProvenNotNull(context, table, name))
}
