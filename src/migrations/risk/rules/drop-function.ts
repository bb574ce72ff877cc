import type { Rule, RuleContext } from '../rule.ts'
import { dropOf, droppedObjects } from '../syntax/dropped.ts'
import { contentOf, wordsOf } from '../syntax/nodes.ts'
import { nameOf } from '../syntax/tables.ts'

export const dropFunction: Rule = {
  id: 'drop-function',
  class: 'breaking',
  summary: 'Drops a function, procedure or aggregate that running code may still call.',
  restorePoint: false,
  approval: 'no',
  decidedBy: 'rule',
  find: ({ node }, context) =>
    droppedObjects(dropOf(node, 'OBJECT_FUNCTION', 'OBJECT_PROCEDURE', 'OBJECT_ROUTINE', 'OBJECT_AGGREGATE'))
      .filter(({ ref }) => !isMadeHere(ref.name, context))
      .map(({ ref }) => ({ message: `\`${nameOf(ref)}\` is gone, and running code that still calls it fails.` })),
}

function isMadeHere(name: string, { statements, index, inTransaction }: RuleContext): boolean {
  if (!inTransaction) return false
  return statements.slice(0, index).some(({ node }) => {
    const created = contentOf(node, 'CreateFunctionStmt')
    return created !== undefined && !created.replace && wordsOf(created.funcname).at(-1) === name
  })
}
