import { isDeepStrictEqual } from 'node:util'
import type { KyselyPlugin } from 'kysely'
import type { DynamicReason } from '../../model/assessment.ts'
import { lineInStack } from '../describe-import-error.ts'
import type { Migration } from '../migration.ts'
import { answerShape } from './answer-shape.ts'
import { type Answers, BASE, TRAP, VARIANTS } from './answers.ts'
import { failurePoints } from './failure-points.ts'
import type { RecordedQuery } from './recording.ts'
import { type Run, runMigration } from './run-migration.ts'

export interface ObserveOptions {
  readonly plugins: readonly KyselyPlugin[]
  /** Returns what was found since the last call: reads of the environment. */
  readonly takeReasons: () => readonly DynamicReason[]
}

/** Runs a migration once, as a tenant without rows would. */
export async function observeOnce(migration: Migration, options: ObserveOptions): Promise<Run> {
  const run = await runMigration(migration, runOptions(BASE, options, { locate: true }))
  const reasons = [...options.takeReasons(), ...run.reasons]
  return { ...run, reasons: run.thrown === undefined ? reasons : [...reasons, raised(run.thrown.error, migration)] }
}

/** Runs a migration with answers of all kinds, until one run shows that it minds them; returns what showed it. */
export async function observeVariants(
  migration: Migration,
  base: readonly RecordedQuery[],
  options: ObserveOptions,
): Promise<readonly DynamicReason[]> {
  for (const { answers, when } of VARIANTS) {
    const run = await runMigration(migration, runOptions(answers, options, { locate: true }))
    const reasons = [...options.takeReasons(), ...run.reasons]
    if (reasons.length > 0) return reasons
    if (run.thrown !== undefined) return [raised(run.thrown.error, migration, ` ${when}`)]
    const difference = firstDifference(base, run.queries, when)
    if (difference !== undefined) return [difference]
  }
  const trapped = await runMigration(migration, runOptions(TRAP, options, { locate: true }))
  if (trapped.reasons.length > 0) return trapped.reasons
  for (const failAt of failurePoints(base.map(({ line }) => line))) {
    const reasons = await observeFailure(migration, base, failAt, options)
    if (reasons.length > 0) return reasons
  }
  return []
}

/** Returns the reason for calling a migration dynamic of which two runs sent different queries. */
export function firstDifference(
  base: readonly RecordedQuery[],
  other: readonly RecordedQuery[],
  when: string,
): DynamicReason | undefined {
  const index = base.findIndex((query, at) => !sendsTheSame(query, other[at]))
  const at = index < 0 ? base.length : index
  const [here, there] = [base[at], other[at]]
  if (here === undefined && there === undefined) return undefined
  const what = here === undefined ? 'sends more' : there === undefined ? 'sends less' : 'sends something else'
  const { sql, line } = here ?? there ?? { sql: null, line: null }
  return { message: `It ${what} ${when}.`, sql, line }
}

async function observeFailure(
  migration: Migration,
  base: readonly RecordedQuery[],
  failAt: number,
  options: ObserveOptions,
): Promise<readonly DynamicReason[]> {
  const { sql, line } = base[failAt] ?? { sql: null, line: null }
  const run = await runMigration(migration, runOptions({ ...BASE, failAt }, options, { locate: false }))
  const reasons = [...options.takeReasons(), ...run.reasons.map((it) => ({ ...it, line }))]
  if (reasons.length > 0 || run.injected === undefined) return reasons
  if (run.thrown === undefined) return [{ message: 'It goes on when this query fails.', sql, line }]
  if (run.thrown.error !== run.injected) {
    return [{ message: 'It throws an error of its own when this query fails.', sql, line }]
  }
  // In a transaction nothing that is sent after a failure has any effect.
  if (migration.transaction) return []
  const sent = run.queries.filter((query) => query.sql !== 'rollback')
  const more = firstDifference(base.slice(0, sent.length), sent, 'when this query fails')
  return more === undefined ? [] : [{ ...more, sql, line }]
}

function runOptions(answers: Answers, { plugins }: ObserveOptions, { locate }: { locate: boolean }) {
  return { answers, plugins, locate, shapeOf }
}

const shapes = new Map<string, ReturnType<typeof answerShape>>()

/** The same texts come again in every run. */
function shapeOf(sql: string) {
  const shape = shapes.get(sql) ?? answerShape(sql)
  shapes.set(sql, shape)
  return shape
}

function sendsTheSame(one: RecordedQuery, other: RecordedQuery | undefined): boolean {
  return one.sql === other?.sql && isDeepStrictEqual(one.parameters, other.parameters)
}

function raised(error: unknown, { path }: Migration, when = ''): DynamicReason {
  const line = error instanceof Error ? (lineInStack(error, path) ?? null) : null
  const message = error instanceof Error ? error.message : String(error)
  return { message: `It throws${when}: ${message.split('\n', 1)[0]}`, sql: null, line }
}
