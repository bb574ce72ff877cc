import type { FindingClass } from '../../model/finding.ts'
import type { RuleMatch } from './find-matches.ts'
import { keepsValues } from './kept-values.ts'
import { heldValues } from './lost-objects.ts'
import type { Match, Rule } from './rule.ts'
import { tracedLoss } from './rules/traced-loss.ts'
import { tracedRewrite } from './rules/traced-rewrite.ts'
import { tracedScan } from './rules/traced-scan.ts'
import type { Statement } from './statement.ts'
import { contentOf } from './syntax/nodes.ts'
import { nameOf } from './syntax/tables.ts'
import type { LostObject, RelationName, RetypedColumn, StatementTrace, TracedRelation } from './trace-facts.ts'
import { refOf, worked } from './traced-facts.ts'
import { belongsTo, blocksWrites, type TracedWork, workOf, workOn } from './traced-work.ts'
import { parseFormattedType } from './type-change.ts'

/** A match with what the server did to its table; null: nothing to any. */
export type Explained = RuleMatch & { readonly work: TracedWork | null }

/** Returns what the trace shows and none of these matches is about: code in functions, what a CASCADE reaches. */
export function findUnexplained(
  { node }: Pick<Statement, 'node'>,
  facts: StatementTrace,
  matches: readonly Explained[],
): readonly Explained[] {
  // What ALTER TABLE says itself about a type, its USING included, a rule has judged better than two types can be.
  const retyped = contentOf(node, 'AlterTableStmt') === undefined ? facts.retyped : []
  return [...unexplainedWork(facts, matches), ...unexplainedLoss({ ...facts, retyped }, matches)]
}

function unexplainedWork(facts: StatementTrace, matches: readonly Explained[]): Explained[] {
  const tables = matches
    .filter((it) => EXPLAINS_WORK.has(classOf(it)))
    .flatMap(({ work }) => (work ? [work.table] : []))
  const isExplained = (relation: RelationName) => tables.some((table) => isOf(facts, relation, table))
  return facts.relations
    .filter((it) => worked(it) && (blocksWrites(it.lock) || it.indexLocked) && !isExplained(it))
    .filter((it, _, all) => !all.some((other) => other !== it && belongsTo(facts, it, other)))
    .map((it) => ({ ...explanation(it, workOf(facts, it)), work: workOf(facts, it) }))
}

const EXPLAINS_WORK: ReadonlySet<FindingClass> = new Set(['rewrite', 'blocking', 'destructive'] as const)

function classOf({ rule, match }: RuleMatch): FindingClass {
  return match.class ?? rule.class
}

function explanation(relation: TracedRelation, { table, lock, lockIsNew }: TracedWork): { rule: Rule; match: Match } {
  const name = nameOf(table)
  const whom = lock === 'ACCESS EXCLUSIVE' ? 'reads and writes' : 'writes'
  const blocks = `Traced: ${lock} on \`${name}\`${lockIsNew ? '' : ', from an earlier statement,'} blocks ${whom}`
  const help = `Move this statement into a migration of its own, or before the one that locks \`${name}\`.`
  const about = { table, ...(lockIsNew ? {} : { help }) }
  if (relation.rewritten) {
    return { rule: tracedRewrite, match: { ...about, message: `${blocks} while every row is copied into a new file.` } }
  }
  const what = relation.indexBuilt ? 'an index is built over every row' : 'every row is read'
  return { rule: tracedScan, match: { ...about, message: `${blocks} while ${what}.` } }
}

function unexplainedLoss(facts: StatementTrace, matches: readonly Explained[]): Explained[] {
  const explaining = matches.filter((it) => EXPLAINS_LOSS.has(classOf(it))).map(({ match }) => match.table)
  const isExplained = (relation: RelationName | null) =>
    explaining.some((table) => table === undefined || relation === null || isOf(facts, relation, table))
  return [
    ...facts.lost.filter((it) => heldValues(it) && !isExplained(it.relation)).map((it) => lossOf(facts, it)),
    ...facts.retyped.filter((it) => mayLose(it) && !isExplained(it.relation)).map((it) => conversionOf(facts, it)),
  ]
}

const EXPLAINS_LOSS: ReadonlySet<FindingClass> = new Set(['destructive', 'irreversible'] as const)

function isOf(facts: StatementTrace, relation: RelationName, table: { schema: string | null; name: string }): boolean {
  const named = workOn(facts, table)?.table ?? table
  return belongsTo(facts, relation, { schema: named.schema ?? 'public', name: named.name })
}

function lossOf(facts: StatementTrace, { kind, relation, column }: LostObject): Explained {
  const table = relation ? refOf(relation) : undefined
  const name = table ? nameOf(table) : ''
  const what = {
    sequence: `the position of the sequence \`${name}\` is`,
    column: `the values of \`${name}.${column}\` are`,
  }
  const message = `Traced: ${kind === 'sequence' || kind === 'column' ? what[kind] : `the rows of \`${name}\` are`} gone.`
  return {
    rule: tracedLoss,
    match: { message, ...(table && { table }), dataLoss: true },
    work: (table && workOn(facts, table)) ?? null,
  }
}

function mayLose({ from, to }: RetypedColumn): boolean {
  return !keepsValues(parseFormattedType(from), parseFormattedType(to), 'explicit')
}

function conversionOf(facts: StatementTrace, { relation, column, from, to }: RetypedColumn): Explained {
  const table = refOf(relation)
  const message = `Traced: \`${nameOf(table)}.${column}\` is converted from \`${from}\` to \`${to}\`, which may lose values.`
  return { rule: tracedLoss, match: { message, table, dataLoss: true }, work: workOn(facts, table) ?? null }
}
