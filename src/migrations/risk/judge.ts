import type { Finding, Verdict } from '../../model/finding.ts'
import { decideVerdict } from './decide-verdict.ts'
import type { RuleMatch } from './find-matches.ts'
import { type FindingContext, findingOf } from './finding-of.ts'
import { joinTrace } from './join-trace.ts'
import { needsData } from './rules/needs-data.ts'
import { notTraced } from './rules/not-traced.ts'
import { sayOnce } from './say-once.ts'
import type { Statement } from './statement.ts'
import type { TableSizes } from './table-size.ts'
import type { MigrationTrace, TraceResult } from './trace-facts.ts'

export interface JudgeInput {
  readonly statements: readonly Statement[]
  /** What the rules found, one list per statement. */
  readonly matches: readonly (readonly RuleMatch[])[]
  /** Undefined: there was no server to trace on. */
  readonly trace: MigrationTrace | undefined
  readonly sizes: TableSizes
}

export interface Judgement {
  /** In the order of the statements. */
  readonly findings: readonly Finding[]
  readonly verdict: Verdict
}

/**
 * Joins what the rules found in a migration with what a server was seen to do: the trace decides locks, rewrites and scans;
 * the rules name and explain them, and speak alone where nothing could be traced.
 */
export function judge({ statements, matches, trace, sizes }: JudgeInput): Judgement {
  const told = new Set<string>()
  const found = statements.flatMap((statement, index) => {
    const result = trace?.statements[index]
    const context = { statement, number: index + 1, sizes }
    const own = matches[index] ?? []
    if (result?.kind === 'traced') return joinTrace(own, result, context)
    return [...own.map((it) => findingOf(it, context)), ...untraced(result, context, told)]
  })
  const findings = sayOnce(found)
  return { findings, verdict: decideVerdict(findings) }
}

/** One finding for all statements that have the same reason. */
function untraced(result: TraceResult | undefined, context: FindingContext, told: Set<string>): Finding[] {
  if (result?.kind !== 'failed' && result?.kind !== 'not-traced') return []
  const rule = result.kind === 'failed' && result.needsData ? needsData : notTraced
  const reason = result.kind === 'failed' ? `${result.message} (${result.sqlstate})` : result.reason
  if (told.has(reason)) return []
  told.add(reason)
  return [
    {
      ...findingOf({ rule, match: { message: messageOf(result, reason), ...helpOf(result) } }, context),
      source: 'trace',
    },
  ]
}

function messageOf(result: TraceResult, reason: string): string {
  if (result.kind !== 'failed') return `It was not traced: ${reason}.`
  return result.needsData
    ? `It needs rows to go through, and the trace has none: ${reason}.`
    : `It failed when traced: ${reason}.`
}

function helpOf(result: TraceResult): { readonly help?: string } {
  if (result.kind === 'not-traced') return {}
  const needsRows = result.kind === 'failed' && result.needsData
  return {
    help: needsRows
      ? 'Write it so that it also goes through where no rows are; else read it with care, for nobody has measured it.'
      : 'Correct the statement, or the migrations before it: the tenants have the schema that it was traced on.',
  }
}
