import { lockMessage } from '../lock-message.ts'
import type { Rule } from '../rule.ts'
import { localTableChanges } from '../syntax/added.ts'

/** ALTER TABLE … SET LOGGED. */
export const setLogged: Rule = {
  id: 'set-logged',
  class: 'rewrite',
  summary: 'Copies an unlogged table into one that is written to the write-ahead log.',
  restorePoint: false,
  approval: 'big',
  decidedBy: 'trace',
  find: ({ node }) =>
    localTableChanges(node)
      .filter(({ type }) => type === 'AT_SetLogged')
      .map(({ table }) => ({
        message: lockMessage('ACCESS EXCLUSIVE', table, 'while it is copied and every row goes to the write-ahead log'),
        table,
        lock: 'ACCESS EXCLUSIVE',
        rewrite: true,
        scan: true,
      })),
}
