import { lockMessage } from '../lock-message.ts'
import type { Rule } from '../rule.ts'
import { localTableChanges } from '../syntax/added.ts'
import { columnBefore } from '../traced-facts.ts'

/** ALTER COLUMN … SET EXPRESSION of a stored generated column. */
export const setExpression: Rule = {
  id: 'set-expression',
  class: 'rewrite',
  summary: 'Gives a stored generated column another expression, which computes and rewrites every row.',
  restorePoint: false,
  approval: 'big',
  decidedBy: 'trace',
  find: ({ node }, context) =>
    localTableChanges(node)
      .filter(({ type }) => type === 'AT_SetExpression')
      .map(({ table, command }) => ({ table, name: command.name ?? '' }))
      .filter(({ table, name }) => columnBefore(context, table, name)?.generated !== 'virtual')
      .map(({ table, name }) => ({
        message: lockMessage('ACCESS EXCLUSIVE', table, `while every row is rewritten to compute \`${name}\` anew`),
        help: 'Add a second column `GENERATED ALWAYS AS (…) VIRTUAL` with the new expression, which is instant on PostgreSQL 18, and switch to it.',
        table,
        lock: 'ACCESS EXCLUSIVE',
        rewrite: true,
        scan: true,
      })),
}
