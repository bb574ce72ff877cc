import type { Rule } from '../rule.ts'

/** What the trace shows and no other rule explains: most often code in a function. Its findings are made by `judge`. */
export const tracedScan: Rule = {
  id: 'traced-scan',
  class: 'blocking',
  summary: 'The server was seen to read or index a whole table under a lock that blocks writes.',
  restorePoint: false,
  approval: 'big',
  decidedBy: 'trace',
  find: () => [],
}
