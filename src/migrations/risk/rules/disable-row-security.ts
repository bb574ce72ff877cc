import type { AlterTableType } from 'libpg-query'
import { laterInTransaction } from '../later-statements.ts'
import type { Rule } from '../rule.ts'
import { tableChanges } from '../syntax/alter-table.ts'
import { isSameTable, nameOf } from '../syntax/tables.ts'

export const disableRowSecurity: Rule = {
  id: 'disable-row-security',
  class: 'breaking',
  summary: 'Switches row security off: everybody with rights on the table sees every row.',
  restorePoint: false,
  approval: 'yes',
  decidedBy: 'rule',
  find: ({ node }, context) =>
    tableChanges(node)
      .filter(({ type, table }) => {
        const opposite = type && OPPOSITE[type]
        if (opposite === undefined) return false
        return !laterInTransaction(context).some((later) =>
          tableChanges(later.node).some((it) => it.type === opposite && isSameTable(it.table, table)),
        )
      })
      .map(({ table, type }) => ({
        message:
          type === 'AT_DisableRowSecurity'
            ? `Row security of \`${nameOf(table)}\` is off: whoever has rights on it sees every row.`
            : `Row security of \`${nameOf(table)}\` no longer holds for its owner.`,
        help: 'Change the policy instead: `alter policy p on t using (…);`.',
        table,
        lock: 'ACCESS EXCLUSIVE',
      })),
}

const OPPOSITE: Readonly<Partial<Record<AlterTableType, AlterTableType>>> = {
  AT_DisableRowSecurity: 'AT_EnableRowSecurity',
  AT_NoForceRowSecurity: 'AT_ForceRowSecurity',
}
