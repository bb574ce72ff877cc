import type { Finding } from '../../model/finding.ts'
import type { RuleMatch } from './find-matches.ts'
import { type FindingContext, findingOf } from './finding-of.ts'
import { heldValues } from './lost-objects.ts'
import type { Match } from './rule.ts'
import type { StatementTrace, TraceResult } from './trace-facts.ts'
import { isKnownTable, mostTouched, type TracedWork, workOf, workOn } from './traced-work.ts'
import { type Explained, findUnexplained } from './unexplained.ts'

/**
 * Joins what rules found in a traced statement with what the server did: their opinion on lock, rewrite and scan gives way,
 * a match that the trace was to decide goes where nothing was seen, and what was seen and nobody explains is added.
 */
export function joinTrace(
  matches: readonly RuleMatch[],
  { facts }: Extract<TraceResult, { kind: 'traced' }>,
  context: FindingContext,
): readonly Finding[] {
  const kept = matches
    .map((it): Explained => ({ ...it, match: corrected(it, facts), work: workFor(it, facts) }))
    .filter(({ rule, work }) => rule.decidedBy === 'rule' || work?.rewrite || work?.scan)
  return [
    ...kept.map((it) => findingOf(it, context, it.work)),
    ...findUnexplained(context.statement, facts, kept).map((it) => findingOf(it, context, it.work)),
  ]
}

/** A lock on a table that the rule does not name, or calls by an index's name, is on what the statement touched most. */
function workFor({ rule, match }: RuleMatch, facts: StatementTrace): TracedWork | null {
  const { table } = match
  if (table !== undefined && isKnownTable(facts, table)) return withOwnLock(match, workOn(facts, table))
  const touched = WORKING.has(match.class ?? rule.class) ? mostTouched(facts) : undefined
  return withOwnLock(match, touched && workOf(facts, touched))
}

/** What an earlier statement holds counts while there is work under it; else only the rule knows what this one needs. */
function withOwnLock({ lock }: Match, work: TracedWork | undefined): TracedWork | null {
  if (work === undefined) return null
  return work.lockIsNew || work.rewrite || work.scan ? work : { ...work, lock: lock ?? null }
}

/** Code that cannot be read may change rows wherever it holds a strong lock, but the trace tells where rows were touched. */
function corrected({ rule, match }: RuleMatch, { relations, lost }: StatementTrace): Match {
  if (rule.class !== 'unknown' || match.table === undefined) return match
  const touched = relations.some(({ written, emptied }) => written === true || emptied === true)
  return { ...match, dataLoss: match.dataLoss === true && (touched || lost.some(heldValues)) }
}

const WORKING: ReadonlySet<Finding['class']> = new Set(['rewrite', 'blocking'] as const)
