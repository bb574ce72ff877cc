import type { A_Const, Node } from 'libpg-query'
import { contentOf, wordsOf } from './syntax/nodes.ts'

/** `depends`: on the row. */
export type ConditionOutcome = 'always' | 'never' | 'depends'

/** Says which rows a WHERE lets through, where that can be told without looking at them: none, or `true`, or `1 = 1`. */
export function conditionOutcome(where: Node | undefined): ConditionOutcome {
  if (where === undefined) return 'always'
  const literal = contentOf(where, 'A_Const')
  if (literal !== undefined) return outcome(truthOf(literal))
  const cast = contentOf(contentOf(where, 'TypeCast')?.arg, 'A_Const')
  if (cast !== undefined) return outcome(truthOf(cast))
  const logic = contentOf(where, 'BoolExpr')
  if (logic !== undefined) return combined(logic.boolop, (logic.args ?? []).map(conditionOutcome))
  return comparison(where)
}

function combined(operator: string | undefined, parts: readonly ConditionOutcome[]): ConditionOutcome {
  if (operator === 'NOT_EXPR') return OPPOSITE[parts[0] ?? 'depends']
  const [decisive, other] = operator === 'AND_EXPR' ? (['never', 'always'] as const) : (['always', 'never'] as const)
  if (parts.includes(decisive)) return decisive
  return parts.every((part) => part === other) ? other : 'depends'
}

const OPPOSITE: Readonly<Record<ConditionOutcome, ConditionOutcome>> = {
  always: 'never',
  never: 'always',
  depends: 'depends',
}

function comparison(where: Node): ConditionOutcome {
  const { kind, name, lexpr, rexpr } = contentOf(where, 'A_Expr') ?? {}
  const [left, right] = [literalOf(lexpr), literalOf(rexpr)]
  if (kind !== 'AEXPR_OP' || left === undefined || right === undefined) return 'depends'
  switch (wordsOf(name).at(-1)) {
    case '=':
      return outcome(left === right)
    case '<>':
      return outcome(left !== right)
    default:
      return 'depends'
  }
}

function outcome(truth: boolean): ConditionOutcome {
  return truth ? 'always' : 'never'
}

function truthOf({ boolval, isnull, sval }: A_Const): boolean {
  if (isnull) return false
  if (boolval !== undefined) return boolval.boolval ?? false
  return ['t', 'true', 'y', 'yes', 'on', '1'].includes(sval?.sval?.toLowerCase() ?? '')
}

/** A literal as a text that is equal where the literals are; undefined: it is no literal, or NULL. */
function literalOf(node: Node | undefined): string | undefined {
  const literal = contentOf(node, 'A_Const')
  if (literal === undefined || literal.isnull) return undefined
  if (literal.ival !== undefined) return `number ${literal.ival.ival ?? 0}`
  if (literal.sval !== undefined) return `text ${literal.sval.sval ?? ''}`
  return literal.boolval === undefined ? undefined : `boolean ${literal.boolval.boolval ?? false}`
}
