import { lockMessage } from '../lock-message.ts'
import type { Rule } from '../rule.ts'
import { type AddedConstraint, addedConstraints } from '../syntax/added.ts'
import { sqlIdentifier, sqlName } from '../syntax/spelling.ts'

/** ADD CONSTRAINT … CHECK, and a CHECK in the definition of a new column. */
export const addCheckConstraint: Rule = {
  id: 'add-check-constraint',
  class: 'blocking',
  summary: 'Adds a CHECK, for which every row is read, also where it stands in a new column.',
  restorePoint: false,
  approval: 'big',
  decidedBy: 'trace',
  find: ({ node }) =>
    addedConstraints(node, 'CONSTR_CHECK')
      .filter(({ constraint }) => !constraint.skip_validation)
      .map((added) => ({
        message: lockMessage(
          'ACCESS EXCLUSIVE',
          added.table,
          `while every row is checked against \`${nameFor(added)}\``,
        ),
        help: helpFor(added),
        table: added.table,
        lock: 'ACCESS EXCLUSIVE',
        scan: true,
      })),
}

function helpFor(added: AddedConstraint): string {
  const name = sqlIdentifier(nameFor(added))
  const table = sqlName(added.table)
  if (added.column === undefined) {
    return `Append NOT VALID, name it, and in the next migration \`ALTER TABLE ${table} VALIDATE CONSTRAINT ${name}\`, which blocks neither reads nor writes.`
  }
  return `Add the column without it, then \`ALTER TABLE ${table} ADD CONSTRAINT ${name} CHECK (…) NOT VALID\`, and validate it in the next migration.`
}

/** As PostgreSQL names one on a column, or near it: it counts on where the name is taken. */
function nameFor({ table, constraint, column }: AddedConstraint): string {
  return constraint.conname ?? (column ? `${table.name}_${column.name}_check` : `${table.name}_check`)
}
