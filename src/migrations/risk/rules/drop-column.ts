import type { AlterTableCmd, Node } from 'libpg-query'
import { factsOf, isKnownAbsent } from '../known-tables.ts'
import type { Match, Rule, RuleContext, TableRef } from '../rule.ts'
import { contentOf, contentsOf } from '../syntax/nodes.ts'
import { sqlIdentifier, sqlName } from '../syntax/spelling.ts'
import { nameOf, tableOf } from '../syntax/tables.ts'

export const dropColumn: Rule = {
  id: 'drop-column',
  class: 'destructive',
  summary: 'Drops a column with its values, and every index that contains it.',
  restorePoint: true,
  approval: 'yes',
  decidedBy: 'rule',
  find({ node }, context) {
    const { relation, objtype } = contentOf(node, 'AlterTableStmt') ?? {}
    const table = tableOf(relation)
    const drops = columnDrops(node)
    if (objtype === 'OBJECT_TYPE') {
      return context.madeHere.type(table.name) ? [] : drops.map(({ name = '' }) => attribute(table, name))
    }
    return drops
      .filter(({ name = '' }) => !context.madeHere.column(table, name))
      .filter((drop) => !isSkipped(drop, table, context))
      .map(({ name = '' }) =>
        objtype === 'OBJECT_FOREIGN_TABLE' ? foreign(table, name) : column(table, name, context),
      )
  },
}

function columnDrops(node: Node | null): readonly AlterTableCmd[] {
  const { cmds } = contentOf(node, 'AlterTableStmt') ?? {}
  return contentsOf(cmds, 'AlterTableCmd').filter(({ subtype }) => subtype === 'AT_DropColumn')
}

/** IF EXISTS, of what does not exist. */
function isSkipped({ name, missing_ok }: AlterTableCmd, table: TableRef, context: RuleContext): boolean {
  if (!missing_ok) return false
  const columns = factsOf(context, table)?.columns ?? []
  return isKnownAbsent(context, table) || (columns.length > 0 && columns.every((it) => it.name !== name))
}

function column(table: TableRef, name: string, context: RuleContext): Match {
  const facts = factsOf(context, table)?.columns.find((it) => it.name === name)
  const lock = 'ACCESS EXCLUSIVE' as const
  if (facts?.generated) {
    const message = `The generated column \`${nameOf(table)}.${name}\` is gone; its values can be computed again, but running code still reads it.`
    return { class: 'breaking', message, table, lock, restorePoint: false }
  }
  return {
    message: `The values of \`${nameOf(table)}.${name}\` are gone, and every index that contains it; a restore point is taken first.`,
    help: `Make it optional now and drop it once no code uses it: \`alter table ${sqlName(table)} alter column ${sqlIdentifier(name)} drop not null;\`.`,
    table,
    lock,
    dataLoss: true,
  }
}

function foreign(table: TableRef, name: string): Match {
  const message = `The column \`${name}\` of the foreign table \`${nameOf(table)}\` is gone; its values stay on their server.`
  return { class: 'breaking', message, table, lock: 'ACCESS EXCLUSIVE', restorePoint: false }
}

function attribute(type: TableRef, name: string): Match {
  const message = `The values of \`${name}\` are gone from every column of the type \`${nameOf(type)}\`; a restore point is taken first.`
  return { message, dataLoss: true }
}
