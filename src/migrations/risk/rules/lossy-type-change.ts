import type { Node } from 'libpg-query'
import { keepsValues } from '../kept-values.ts'
import type { Match, Rule, RuleContext } from '../rule.ts'
import { localTableChanges } from '../syntax/added.ts'
import type { TableChange } from '../syntax/alter-table.ts'
import { contentOf, contentsOf, wordsOf } from '../syntax/nodes.ts'
import { sqlIdentifier, sqlName, typeText } from '../syntax/spelling.ts'
import { nameOf } from '../syntax/tables.ts'
import { type TypeRef, typeOf } from '../syntax/types.ts'
import { columnBefore } from '../traced-facts.ts'
import { parseFormattedType } from '../type-change.ts'

export const lossyTypeChange: Rule = {
  id: 'lossy-type-change',
  class: 'destructive',
  summary: 'Gives a column a type that a cast back does not restore its values from.',
  restorePoint: true,
  approval: 'yes',
  decidedBy: 'rule',
  find: ({ node }, context) =>
    localTableChanges(node)
      .filter(({ type }) => type === 'AT_AlterColumnType')
      .filter(({ table, command: { name = '' } }) => !context.madeHere.column(table, name))
      .flatMap((change) => lossOf(change, context)),
}

function lossOf({ table, command: { name = '' }, column }: TableChange, context: RuleContext): readonly Match[] {
  const to = typeOf(column?.typeName)
  const facts = columnBefore(context, table, name)
  const known = facts?.type
  const casts = column?.raw_default ? castsOf(column.raw_default, name) : []
  if (facts?.generated || (casts !== null && isLossless(known, casts, to))) return []
  const [column_, from] = [`${nameOf(table)}.${name}`, known === undefined ? '' : ` from \`${known}\``]
  const why =
    casts === null
      ? 'USING computes new values, and the old ones cannot be derived'
      : `a cast back ${known === undefined ? 'may not' : 'does not'} restore its values`
  return [
    {
      message: `\`${column_}\` becomes \`${typeText(to)}\`${from}: ${why}; a restore point is taken first.`,
      help: `Add a column beside it and fill that: \`alter table ${sqlName(table)} add column ${sqlIdentifier(`${name}_new`)} ${typeText(to)};\`.`,
      table,
      lock: 'ACCESS EXCLUSIVE',
      rewrite: known !== undefined || casts === null,
      dataLoss: true,
    },
  ]
}

function isLossless(known: string | undefined, casts: readonly TypeRef[], to: TypeRef): boolean {
  const from = known === undefined ? undefined : parseFormattedType(known)
  const steps = [from, ...casts]
  return (
    casts.every((cast, i) => keepsValues(steps[i], cast, 'explicit')) && keepsValues(steps.at(-1), to, 'assignment')
  )
}

/** Returns the types that an expression casts a column to, in order; null: it does more than cast that column. */
function castsOf(expression: Node, column: string): readonly TypeRef[] | null {
  const reference = contentOf(expression, 'ColumnRef')
  if (reference !== undefined) return wordsOf(reference.fields).at(-1) === column ? [] : null
  const collated = contentOf(expression, 'CollateClause')?.arg
  if (collated !== undefined) return castsOf(collated, column)
  const zoned = inUtc(expression)
  if (zoned !== undefined) return castsOf(zoned, column)
  const cast = contentOf(expression, 'TypeCast')
  if (cast?.arg === undefined) return null
  const before = castsOf(cast.arg, column)
  return before && [...before, typeOf(cast.typeName)]
}

/** `c at time zone 'UTC'` turns timestamp and timestamptz into each other and back; other zones repeat an hour each year. */
function inUtc(expression: Node): Node | undefined {
  const { funcname, args = [] } = contentOf(expression, 'FuncCall') ?? {}
  const [zone] = contentsOf(args, 'A_Const')
  if (wordsOf(funcname).at(-1) !== 'timezone' || zone?.sval?.sval?.toLowerCase() !== 'utc') return undefined
  return args[1]
}
