import type { Rule } from '../rule.ts'
import { contentOf, wordsOf } from '../syntax/nodes.ts'
import { nameOf, tableNamed } from '../syntax/tables.ts'

export const enumAddValue: Rule = {
  id: 'enum-add-value',
  class: 'irreversible',
  summary: 'Adds a value to an enum: it cannot be removed, nor used before COMMIT.',
  restorePoint: false,
  approval: 'no',
  decidedBy: 'rule',
  find({ node }, { madeHere }) {
    const { typeName, oldVal, newVal } = contentOf(node, 'AlterEnumStmt') ?? {}
    const type = tableNamed(wordsOf(typeName))
    if (newVal === undefined || oldVal !== undefined || madeHere.type(type.name)) return []
    return [
      {
        message: `The value \`${newVal}\` cannot be removed from \`${nameOf(type)}\` again, nor be used before COMMIT (55P04).`,
        help: 'Use the value in the next migration, not in this one.',
      },
    ]
  },
}
