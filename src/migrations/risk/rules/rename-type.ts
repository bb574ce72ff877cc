import type { Rule } from '../rule.ts'
import { contentOf, wordsOf } from '../syntax/nodes.ts'
import { nameOf, tableNamed, tableOf } from '../syntax/tables.ts'

export const renameType: Rule = {
  id: 'rename-type',
  class: 'breaking',
  summary: 'Renames a type, or an attribute of one, that running code still uses by its old name.',
  restorePoint: false,
  approval: 'yes',
  decidedBy: 'rule',
  find({ node }, { madeHere }) {
    const rename = contentOf(node, 'RenameStmt')
    switch (rename?.renameType) {
      case 'OBJECT_TYPE':
      case 'OBJECT_DOMAIN': {
        const type = tableNamed(wordsOf(contentOf(rename.object, 'List')?.items))
        if (madeHere.type(type.name)) return []
        return [
          { message: `Running code that casts to \`${nameOf(type)}\` fails: the type is \`${rename.newname}\` now.` },
        ]
      }
      case 'OBJECT_ATTRIBUTE': {
        const type = tableOf(rename.relation)
        if (madeHere.type(type.name)) return []
        const attribute = `${nameOf(type)}.${rename.subname}`
        return [
          { message: `Running code that uses the attribute \`${attribute}\` fails: it is \`${rename.newname}\` now.` },
        ]
      }
      default:
        return []
    }
  },
}
