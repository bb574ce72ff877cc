import { nameFollows } from '../name-follows.ts'
import type { Rule } from '../rule.ts'
import { contentOf, wordsOf } from '../syntax/nodes.ts'
import { sqlIdentifier, sqlName } from '../syntax/spelling.ts'
import { nameOf, tableNamed, tableOf } from '../syntax/tables.ts'

export const setSchema: Rule = {
  id: 'set-schema',
  class: 'breaking',
  summary: 'Moves an object to another schema while running code uses it in the old one.',
  restorePoint: false,
  approval: 'yes',
  decidedBy: 'rule',
  find({ node }, context) {
    const { relation, object, newschema = '' } = contentOf(node, 'AlterObjectSchemaStmt') ?? {}
    if (relation !== undefined) {
      const table = tableOf(relation)
      if (nameFollows(table, context)) return []
      const view = `create view ${sqlName(table)} as select * from ${sqlIdentifier(newschema)}.${sqlIdentifier(table.name)};`
      return [
        {
          message: `Running code still looks for \`${nameOf(table)}\` where it was, and fails from COMMIT on; ACCESS EXCLUSIVE is held for a moment.`,
          help: `Leave a view in the old place, in the same migration: \`${view}\`.`,
          table,
          lock: 'ACCESS EXCLUSIVE',
        },
      ]
    }
    if (object === undefined) return []
    const words = wordsOf(contentOf(object, 'List')?.items ?? contentOf(object, 'ObjectWithArgs')?.objname ?? [object])
    const moved = tableNamed(words)
    if (context.madeHere.type(moved.name)) return []
    return [
      {
        message: `Running code still looks for \`${nameOf(moved)}\` where it was: it is in the schema \`${newschema}\` now.`,
      },
    ]
  },
}
