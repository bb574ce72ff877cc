import type { Rule } from '../rule.ts'

/** What the trace shows and no other rule explains: most often code in a function. Its findings are made by `judge`. */
export const tracedRewrite: Rule = {
  id: 'traced-rewrite',
  class: 'rewrite',
  summary: 'The server was seen to copy a whole table under a lock.',
  restorePoint: false,
  approval: 'big',
  decidedBy: 'trace',
  find: () => [],
}
