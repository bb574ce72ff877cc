import type { FuncCall } from 'libpg-query'
import { functionVolatility } from './function-volatility.ts'
import type { RuleContext } from './rule.ts'
import type { AddedColumn } from './syntax/added.ts'
import { columnConstraint } from './syntax/alter-table.ts'
import { contentOf, optionOf, within, wordsOf } from './syntax/nodes.ts'

/** The functions in the default of a new column that give, or may give, every row a value of its own. */
export interface UnsteadyDefault {
  /** As written: `gen_random_uuid()`, `pick(…)`. */
  readonly volatile: readonly string[]
  /** Neither PostgreSQL's own nor, with its volatility, defined earlier in the migration. */
  readonly unknown: readonly string[]
}

/** Sorts the calls in the default of a new column; stable and immutable ones are left out. */
export function unsteadyDefault({ definition }: AddedColumn, context: RuleContext): UnsteadyDefault {
  const calls = within(columnConstraint(definition, 'CONSTR_DEFAULT')?.raw_expr, 'FuncCall')
  const volatilities = calls.map((call) => ({ call, volatility: volatilityOf(call, context) }))
  return {
    volatile: volatilities.filter(({ volatility }) => volatility === 'volatile').map(({ call }) => callText(call)),
    unknown: volatilities.filter(({ volatility }) => volatility === 'unknown').map(({ call }) => callText(call)),
  }
}

function volatilityOf({ funcname }: FuncCall, context: RuleContext): 'volatile' | 'steady' | 'unknown' {
  const words = wordsOf(funcname)
  const builtin = functionVolatility(words)
  if (builtin === 'volatile' || builtin === 'steady') return builtin
  return isDefinedSteady(words.at(-1) ?? '', context) ? 'steady' : 'unknown'
}

/** What a migration before this one defined is not seen here; a function that is VOLATILE may still be one that inlines. */
function isDefinedSteady(name: string, { statements, index }: RuleContext): boolean {
  const definition = statements
    .slice(0, index)
    .map(({ node }) => contentOf(node, 'CreateFunctionStmt'))
    .findLast((it) => wordsOf(it?.funcname).at(-1) === name)
  const volatility = contentOf(optionOf(definition?.options, 'volatility')?.arg, 'String')?.sval
  return volatility === 'stable' || volatility === 'immutable'
}

function callText({ funcname, args = [] }: FuncCall): string {
  const words = wordsOf(funcname).filter((word) => word !== 'pg_catalog')
  return `${words.join('.')}(${args.length > 0 ? '…' : ''})`
}
