import { heldLock } from '../held-locks.ts'
import type { Rule } from '../rule.ts'
import { localTableChanges } from '../syntax/added.ts'
import { nameOf } from '../syntax/tables.ts'
import { isAtLeast, takenLocks } from '../taken-locks.ts'

/** VALIDATE CONSTRAINT as it should be: under a lock that stops neither readers nor writers. */
export const validateConstraint: Rule = {
  id: 'validate-constraint',
  class: 'advice',
  summary: 'Validates a constraint, which reads every row and blocks neither reads nor writes.',
  restorePoint: false,
  approval: 'no',
  decidedBy: 'rule',
  find: ({ node }, context) => {
    const blocks = takenLocks(node).some(({ lock }) => isAtLeast(lock, 'SHARE'))
    if (blocks) return []
    return localTableChanges(node)
      .filter(({ type }) => type === 'AT_ValidateConstraint')
      .filter(({ table }) => !isAtLeast(heldLock(context, table) ?? 'ACCESS SHARE', 'SHARE'))
      .map(({ table, command }) => ({
        message: `SHARE UPDATE EXCLUSIVE on \`${nameOf(table)}\` blocks neither reads nor writes while every row is checked against \`${command.name}\`.`,
        table,
        lock: 'SHARE UPDATE EXCLUSIVE',
        scan: true,
      }))
  },
}
