import type { SqlToken } from '../sql/parse-sql.ts'
import { mayLoseValues, tokensOf } from './block-words.ts'
import type { TriggerFacts } from './trace-facts.ts'

/** What the code of a trigger may do to rows that are there. */
export interface TriggerHarm {
  /** Whether it may change or delete any, as far as its words tell. */
  readonly mayLose: boolean
  /** Columns that it sets in the row that is about to be written; `*`: any. */
  readonly sets: readonly string[]
}

/** Tells from its text what a trigger may do. Those of PostgreSQL itself compute columns from others, and lose nothing. */
export function triggerHarm({ language, body, beforeRow }: TriggerFacts): TriggerHarm {
  if (language === 'internal') return { mayLose: false, sets: [] }
  if (language !== 'plpgsql') return { mayLose: true, sets: [] }
  const tokens = tokensOf(body)
  if (tokens === undefined) return { mayLose: true, sets: [] }
  return { mayLose: mayLoseValues(body), sets: beforeRow ? [...new Set(columnsSet(tokens))] : [] }
}

function columnsSet(tokens: readonly SqlToken[]): readonly string[] {
  return tokens.flatMap(({ text }, at) => {
    const before = tokens[at - 1]?.text ?? ';'
    if (before === 'return') return RETURNS_ROW_AS_IT_IS.has(text) ? [] : ['*']
    if (text !== 'new' || !BEFORE_TARGETS.has(before)) return []
    return tokens[at + 1]?.text === '.' ? [(tokens[at + 2]?.text ?? '*').replaceAll('"', '')] : ['*']
  })
}

/** What the word that is assigned to comes after. */
const BEFORE_TARGETS: ReadonlySet<string> = new Set([';', 'begin', 'then', 'else', 'loop', 'into'])
const RETURNS_ROW_AS_IT_IS: ReadonlySet<string> = new Set(['new', 'old', 'null', ';'])
