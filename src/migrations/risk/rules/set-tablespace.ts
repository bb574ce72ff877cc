import type { AlterTableStmt } from 'libpg-query'
import { tableOfIndex } from '../index-table.ts'
import { lockMessage } from '../lock-message.ts'
import type { Match, Rule, RuleContext } from '../rule.ts'
import { contentOf, contentsOf } from '../syntax/nodes.ts'
import { tableOf } from '../syntax/tables.ts'

/** SET TABLESPACE of a table, a materialized view or an index, and ALL IN TABLESPACE. */
export const setTablespace: Rule = {
  id: 'set-tablespace',
  class: 'rewrite',
  summary: 'Copies the files of a table or an index to another tablespace.',
  restorePoint: false,
  approval: 'big',
  decidedBy: 'trace',
  find: ({ node }, context) => {
    const all = contentOf(node, 'AlterTableMoveAllStmt')
    const alter = contentOf(node, 'AlterTableStmt')
    const command = contentsOf(alter?.cmds, 'AlterTableCmd').find(({ subtype }) => subtype === 'AT_SetTableSpace')
    if (all) return [moveAll(all.orig_tablespacename ?? '', all.new_tablespacename ?? '')]
    return alter && command ? [move(alter, command.name ?? '', context)] : []
  },
}

function move({ relation, objtype }: AlterTableStmt, tablespace: string, context: RuleContext): Match {
  const named = tableOf(relation)
  const table = objtype === 'OBJECT_INDEX' ? tableOfIndex(context, named) : named
  return {
    message: lockMessage('ACCESS EXCLUSIVE', named, `while its file is copied to tablespace \`${tablespace}\``),
    ...(table && { table }),
    lock: 'ACCESS EXCLUSIVE',
    rewrite: true,
    scan: false,
  }
}

function moveAll(from: string, to: string): Match {
  return {
    message: `ACCESS EXCLUSIVE on everything in tablespace \`${from}\` blocks reads and writes while the files are copied to \`${to}\`.`,
    lock: 'ACCESS EXCLUSIVE',
    rewrite: true,
    scan: false,
  }
}
