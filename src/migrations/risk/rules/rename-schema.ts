import type { Rule } from '../rule.ts'
import { contentOf } from '../syntax/nodes.ts'

export const renameSchema: Rule = {
  id: 'rename-schema',
  class: 'breaking',
  summary: 'Renames a schema that running code still uses by its old name.',
  restorePoint: false,
  approval: 'yes',
  decidedBy: 'rule',
  find({ node }, { madeHere }) {
    const { renameType, subname = '', newname = '' } = contentOf(node, 'RenameStmt') ?? {}
    if (renameType !== 'OBJECT_SCHEMA' || madeHere.schema(subname)) return []
    return [
      {
        message: `Running code and every search_path that still name the schema \`${subname}\` fail: it is \`${newname}\` now.`,
      },
    ]
  },
}
