import { quoteLiteral } from '../../../postgres/identifiers.ts'
import type { Rule } from '../rule.ts'
import { contentOf, wordsOf } from '../syntax/nodes.ts'
import { sqlName } from '../syntax/spelling.ts'
import { nameOf, tableNamed } from '../syntax/tables.ts'

export const renameEnumValue: Rule = {
  id: 'rename-enum-value',
  class: 'breaking',
  summary: 'Renames a value of an enum that running code still reads and writes.',
  restorePoint: false,
  approval: 'yes',
  decidedBy: 'rule',
  find({ node }, { madeHere }) {
    const { typeName, oldVal, newVal = '' } = contentOf(node, 'AlterEnumStmt') ?? {}
    const type = tableNamed(wordsOf(typeName))
    if (oldVal === undefined || madeHere.type(type.name)) return []
    return [
      {
        message: `Running code that writes \`${oldVal}\` to a column of \`${nameOf(type)}\` fails, and reads \`${newVal}\` where it knows the old word.`,
        help: `Add the new value beside the old one: \`alter type ${sqlName(type)} add value ${quoteLiteral(newVal)};\`.`,
      },
    ]
  },
}
