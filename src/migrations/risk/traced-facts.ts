import { factsOf } from './known-tables.ts'
import type { RuleContext, TableRef } from './rule.ts'
import type { ColumnFacts, StatementTrace, TracedRelation } from './trace-facts.ts'

/** Returns what the server did with the statement; undefined: it was not traced, or left nothing to read. */
export function tracedFacts({ trace }: RuleContext): StatementTrace | undefined {
  return trace?.kind === 'traced' ? trace.facts : undefined
}

/** Returns what the statement did to a table; undefined: it was not traced, or did nothing to it. */
export function tracedRelation(context: RuleContext, table: TableRef): TracedRelation | undefined {
  const schema = table.schema ?? factsOf(context, table)?.schema
  return tracedFacts(context)?.relations.find(
    (it) => it.name === table.name && (schema === undefined || it.schema === schema),
  )
}

/** Says whether the server wrote, indexed or read the relation whole. */
export function worked({ rewritten, indexBuilt, scanned }: TracedRelation): boolean {
  return rewritten || indexBuilt || scanned
}

/** Says whether the statement was seen to work on any relation: what it does to a partitioned table shows in the partitions. */
export function didWork(context: RuleContext): boolean {
  return tracedFacts(context)?.relations.some(worked) ?? false
}

/** Returns a column as it was before the statement; undefined: not known. */
export function columnBefore(context: RuleContext, table: TableRef, column: string): ColumnFacts | undefined {
  return factsOf(context, table)?.columns.find(({ name }) => name === column)
}

/** Returns a relation of the trace as a person names it. */
export function refOf({ schema, name }: { readonly schema: string; readonly name: string }): TableRef {
  return { schema: schema === 'public' ? null : schema, name }
}
