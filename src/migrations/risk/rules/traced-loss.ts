import type { Rule } from '../rule.ts'

/** What the trace shows and no other rule explains: most often code in a function. Its findings are made by `judge`. */
export const tracedLoss: Rule = {
  id: 'traced-loss',
  class: 'destructive',
  summary: 'The server was seen to drop something that holds values, or to convert values with loss.',
  restorePoint: true,
  approval: 'yes',
  decidedBy: 'trace',
  find: () => [],
}
