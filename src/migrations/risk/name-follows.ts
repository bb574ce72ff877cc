import type { Node } from 'libpg-query'
import { laterInTransaction } from './later-statements.ts'
import type { RuleContext, TableRef } from './rule.ts'
import { contentOf } from './syntax/nodes.ts'
import { isSameTable, tableOf } from './syntax/tables.ts'
import { viewsMade } from './syntax/views.ts'

/** Says whether something takes the name of a table or view again before anybody can miss it. */
export function nameFollows(table: TableRef, context: RuleContext): boolean {
  return laterInTransaction(context).some(({ node }) =>
    [...viewsMade(node), ...named(node)].some((it) => isSameTable(it, table)),
  )
}

/** Returns the table that a statement makes or gives a new name to. */
function named(node: Node | null): readonly TableRef[] {
  const rename = contentOf(node, 'RenameStmt')
  if (rename?.relation !== undefined && rename.subname === undefined) {
    return [{ ...tableOf(rename.relation), name: rename.newname ?? '' }]
  }
  const made = contentOf(node, 'CreateStmt')?.relation ?? contentOf(node, 'CreateTableAsStmt')?.into?.rel
  return made ? [tableOf(made)] : []
}
