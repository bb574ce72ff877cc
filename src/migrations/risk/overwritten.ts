import { listed } from './lost-objects.ts'
import type { RowChange } from './row-changes.ts'
import type { Match, RuleContext } from './rule.ts'
import { sqlIdentifier, sqlName } from './syntax/spelling.ts'
import { nameOf } from './syntax/tables.ts'

/** Tells of columns whose values are written over; `where` says in which rows. */
export function overwritten(
  { table, columns }: RowChange,
  where: string,
  { madeHere }: Pick<RuleContext, 'madeHere'>,
): Match {
  const old = columns.filter((column) => !madeHere.column(table, column))
  const names = listed(old.map((column) => `${nameOf(table)}.${column}`))
  return {
    message: `${names} ${old.length === 1 ? 'is' : 'are'} overwritten ${where}, and the old values cannot be derived; a restore point is taken first.`,
    help: `Keep the old values first: \`create table ${sqlIdentifier(`${table.name}_before`)} as table ${sqlName(table)};\`.`,
    table,
    lock: 'ROW EXCLUSIVE',
    dataLoss: true,
  }
}
