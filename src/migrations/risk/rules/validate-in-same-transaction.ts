import type { Node } from 'libpg-query'
import type { LockMode } from '../../../model/finding.ts'
import { heldLock } from '../held-locks.ts'
import { lockMessage } from '../lock-message.ts'
import type { Rule, RuleContext, TableRef } from '../rule.ts'
import { localTableChanges } from '../syntax/added.ts'
import { sqlIdentifier, sqlName } from '../syntax/spelling.ts'
import { isSameTable } from '../syntax/tables.ts'
import { isAtLeast, takenLocks } from '../taken-locks.ts'

/** VALIDATE CONSTRAINT while the transaction already holds the table in a mode that stops writers. */
export const validateInSameTransaction: Rule = {
  id: 'validate-in-same-transaction',
  class: 'blocking',
  summary:
    'Validates a constraint under a lock that the same transaction took before, so that NOT VALID gained nothing.',
  restorePoint: false,
  approval: 'no',
  decidedBy: 'trace',
  find: ({ node }, context) =>
    localTableChanges(node)
      .filter(({ type }) => type === 'AT_ValidateConstraint')
      .flatMap(({ table, command }) => {
        const name = command.name ?? ''
        const lock = blockingLock(node, context, table)
        if (lock === undefined) return []
        return [
          {
            message: lockMessage(
              lock,
              table,
              `while every row is checked against \`${name}\`, for this transaction holds it already`,
            ),
            help: `Move \`ALTER TABLE ${sqlName(table)} VALIDATE CONSTRAINT ${sqlIdentifier(name)}\` into the next migration, where it blocks neither reads nor writes.`,
            table,
            lock,
            scan: true,
          },
        ]
      }),
}

/** By itself it takes SHARE UPDATE EXCLUSIVE; earlier statements, or other actions of the same one, may have taken more. */
function blockingLock(node: Node | null, context: RuleContext, table: TableRef): LockMode | undefined {
  const own = takenLocks(node).filter((taken) => isSameTable(taken.table, table))
  const locks = [...own.map(({ lock }) => lock), heldLock(context, table)].filter((lock) => lock !== undefined)
  return locks
    .filter((lock) => isAtLeast(lock, 'SHARE'))
    .toSorted((one, other) => (isAtLeast(one, other) ? -1 : 1))
    .at(0)
}
