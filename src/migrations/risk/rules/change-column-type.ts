import type { Node } from 'libpg-query'
import { lockMessage } from '../lock-message.ts'
import type { Rule, RuleContext } from '../rule.ts'
import { localTableChanges } from '../syntax/added.ts'
import { sqlIdentifier, sqlName, typeText } from '../syntax/spelling.ts'
import { didWork, tracedFacts } from '../traced-facts.ts'
import { type TypeChange, typeChanges } from '../type-change.ts'

/** ALTER COLUMN … TYPE where the rows, or at least the indexes, have to follow. */
export const changeColumnType: Rule = {
  id: 'change-column-type',
  class: 'rewrite',
  summary: 'Gives a column a type that its rows have to be converted to, which rewrites the table and its indexes.',
  restorePoint: false,
  approval: 'big',
  decidedBy: 'trace',
  find: ({ node }, context) =>
    changesWithWork(typeChanges(node, context), node, context).map(({ table, column, to }) => {
      const rewritten = tracedFacts(context)?.relations.some((relation) => relation.rewritten) ?? true
      const work = rewritten ? 'while every row is rewritten' : 'while its rows are checked or its indexes rebuilt,'
      return {
        message: lockMessage('ACCESS EXCLUSIVE', table, `${work} to make \`${column}\` \`${typeText(to)}\``),
        help: helpFor({ table, column, to }),
        table,
        lock: 'ACCESS EXCLUSIVE',
        rewrite: rewritten,
        scan: true,
      }
    }),
}

/**
 * Where the server worked although each type alone would be free, an index or a CHECK was the reason: any may be it, unless the
 * statement does something else besides.
 */
function changesWithWork(
  changes: readonly TypeChange[],
  node: Node | null,
  context: RuleContext,
): readonly TypeChange[] {
  const suspects = changes.filter(({ isMetadataOnly }) => isMetadataOnly !== true)
  if (tracedFacts(context) === undefined) return suspects
  if (!didWork(context)) return []
  return suspects.length > 0 || localTableChanges(node).length > changes.length ? suspects : changes
}

function helpFor({ table, column, to }: Pick<TypeChange, 'table' | 'column' | 'to'>): string {
  const [owner, name] = [sqlName(table), sqlIdentifier(column)]
  const [most] = to.modifiers
  if (to.name === 'varchar' && !to.isArray && most !== undefined) {
    return `Keep the type and limit the length: \`ALTER TABLE ${owner} ADD CHECK (char_length(${name}) <= ${most}) NOT VALID\`, validated in the next migration.`
  }
  const added = sqlIdentifier(`${column}_new`)
  return `Add a second column, \`ALTER TABLE ${owner} ADD COLUMN ${added} ${typeText(to)}\`, keep it equal by a trigger, fill it in batches, and swap the names.`
}
