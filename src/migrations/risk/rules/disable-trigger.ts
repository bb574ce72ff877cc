import type { AlterTableType } from 'libpg-query'
import { laterInTransaction } from '../later-statements.ts'
import type { Rule, RuleContext } from '../rule.ts'
import { type TableChange, tableChanges } from '../syntax/alter-table.ts'
import { sqlIdentifier, sqlName } from '../syntax/spelling.ts'
import { isSameTable, nameOf } from '../syntax/tables.ts'

export const disableTrigger: Rule = {
  id: 'disable-trigger',
  class: 'breaking',
  summary: 'Switches a trigger off and leaves it so.',
  restorePoint: false,
  approval: 'yes',
  decidedBy: 'rule',
  find: ({ node }, context) =>
    tableChanges(node)
      .filter((change) => change.type !== undefined && change.type in OPPOSITE && !isEnabledAgain(change, context))
      .map(({ table, type, command }) => {
        const which = type === 'AT_DisableTrig' ? sqlIdentifier(command.name ?? '') : WORD[type ?? '']
        return {
          message: `SHARE ROW EXCLUSIVE on \`${nameOf(table)}\` blocks writes for a moment, and ${type === 'AT_DisableTrig' ? `the trigger \`${command.name}\` no longer runs` : 'its triggers no longer run'}.`,
          help: `Enable it again in the same migration: \`alter table ${sqlName(table)} enable trigger ${which};\`.`,
          table,
          lock: 'SHARE ROW EXCLUSIVE',
        }
      }),
}

const OPPOSITE: Readonly<Partial<Record<AlterTableType, AlterTableType>>> = {
  AT_DisableTrig: 'AT_EnableTrig',
  AT_DisableTrigAll: 'AT_EnableTrigAll',
  AT_DisableTrigUser: 'AT_EnableTrigUser',
}

const WORD: Readonly<Record<string, string>> = { AT_DisableTrigAll: 'all', AT_DisableTrigUser: 'user' }

function isEnabledAgain({ table, type, command }: TableChange, context: RuleContext): boolean {
  return laterInTransaction(context).some(({ node }) =>
    tableChanges(node).some(
      (later) =>
        isSameTable(later.table, table) &&
        (later.type === 'AT_EnableTrigAll' ||
          (later.type === (type && OPPOSITE[type]) && later.command.name === command.name)),
    ),
  )
}
