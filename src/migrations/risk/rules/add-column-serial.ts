import { lockMessage } from '../lock-message.ts'
import type { Rule } from '../rule.ts'
import { addedColumns } from '../syntax/added.ts'
import { sqlIdentifier, sqlName } from '../syntax/spelling.ts'
import { isSerial, typeOf } from '../syntax/types.ts'

/** ADD COLUMN of a type serial. */
export const addColumnSerial: Rule = {
  id: 'add-column-serial',
  class: 'rewrite',
  summary: 'Adds a serial column, which numbers and so rewrites every row.',
  restorePoint: false,
  approval: 'big',
  decidedBy: 'trace',
  find: ({ node }) =>
    addedColumns(node)
      .filter(({ definition }) => isSerial(typeOf(definition.typeName)))
      .map(({ table, name }) => {
        const [owner, column] = [sqlName(table), sqlIdentifier(name)]
        const sequence = sqlName({ ...table, name: `${table.name}_${name}_seq` })
        return {
          message: lockMessage('ACCESS EXCLUSIVE', table, `while every row is rewritten to number \`${name}\``),
          help: `Add \`${column} bigint\`, run \`CREATE SEQUENCE ${sequence} OWNED BY ${owner}.${column}\`, make its nextval the default, and number old rows in batches.`,
          table,
          lock: 'ACCESS EXCLUSIVE',
          rewrite: true,
          scan: true,
        }
      }),
}
