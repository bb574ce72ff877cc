import { lockMessage } from '../lock-message.ts'
import type { Rule } from '../rule.ts'
import { localTableChanges } from '../syntax/added.ts'

/** ALTER TABLE … SET UNLOGGED. */
export const setUnlogged: Rule = {
  id: 'set-unlogged',
  class: 'rewrite',
  summary: 'Copies a table into one that a crash of the server empties.',
  restorePoint: true,
  approval: 'big',
  decidedBy: 'trace',
  find: ({ node }) =>
    localTableChanges(node)
      .filter(({ type }) => type === 'AT_SetUnLogged')
      .map(({ table }) => ({
        message: lockMessage(
          'ACCESS EXCLUSIVE',
          table,
          'while it is copied, and from then on a crash of the server empties it',
        ),
        table,
        lock: 'ACCESS EXCLUSIVE',
        rewrite: true,
        scan: true,
      })),
}
