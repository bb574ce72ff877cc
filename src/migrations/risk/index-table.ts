import type { RuleContext, TableRef } from './rule.ts'
import { contentOf } from './syntax/nodes.ts'
import { isSameTable, tableOf } from './syntax/tables.ts'
import { refOf, tracedFacts } from './traced-facts.ts'

/** Returns the table of an index, from the migration's own CREATE INDEX or from the trace; undefined: not known. */
export function tableOfIndex(context: RuleContext, index: TableRef): TableRef | undefined {
  const made = context.statements
    .slice(0, context.index)
    .map(({ node }) => contentOf(node, 'IndexStmt'))
    .findLast((it) => it?.idxname === index.name)
  return made ? tableOf(made.relation) : tableInTrace(context, index)
}

function tableInTrace(context: RuleContext, index: TableRef): TableRef | undefined {
  const { lost = [], relations = [] } = tracedFacts(context) ?? {}
  const gone = lost.find(
    ({ kind, name, relation }) =>
      kind === 'index' && isSameTable(index, { schema: relation?.schema ?? null, name: name.split('.').at(-1) ?? '' }),
  )
  const touched = relations.filter(({ indexLocked, indexBuilt }) => indexLocked || indexBuilt)
  const found = gone?.relation ?? (touched.length === 1 ? touched[0] : undefined)
  return found && refOf(found)
}
