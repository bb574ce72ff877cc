import type { RuleContext, TableRef } from './rule.ts'
import type { TableFacts, TraceResult } from './trace-facts.ts'

/** Returns the tables as they were before a statement; undefined: the trace does not know. */
export function tablesBefore(trace: TraceResult | undefined): readonly TableFacts[] | undefined {
  if (trace?.kind === 'traced') return trace.facts.before
  return trace?.kind === 'ran-alone' ? trace.before : undefined
}

/** Returns what the trace knows of a table as it was before the statement. */
export function factsOf(context: Pick<RuleContext, 'trace'>, table: TableRef): TableFacts | undefined {
  const named = (tablesBefore(context.trace) ?? []).filter(({ name }) => name === table.name)
  if (table.schema !== null) return named.find(({ schema }) => schema === table.schema)
  // As PostgreSQL looks it up where nobody has changed the search_path.
  return (
    named.find(({ schema }) => schema.startsWith('pg_temp')) ??
    named.find(({ schema }) => schema === 'public') ??
    named.find(({ old }) => old) ??
    named[0]
  )
}

/** Says whether the trace shows that there was no such table before the statement. */
export function isKnownAbsent(context: Pick<RuleContext, 'trace'>, table: TableRef): boolean {
  return tablesBefore(context.trace) !== undefined && factsOf(context, table) === undefined
}
