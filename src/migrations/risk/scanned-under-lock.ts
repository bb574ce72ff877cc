import { lockMessage } from './lock-message.ts'
import type { Match, RuleContext } from './rule.ts'
import { sqlName } from './syntax/spelling.ts'
import { refOf, tracedFacts } from './traced-facts.ts'

/**
 * Returns a match for each table that was read for a new partition. A default partition must hold no row that belongs to the
 * new one, and only the server knows whether there is one.
 */
export function scannedUnderLock(context: RuleContext): readonly Match[] {
  const relations = tracedFacts(context)?.relations ?? []
  return relations
    .filter(({ lock, scanned }) => lock === 'ACCESS EXCLUSIVE' && scanned)
    .map((relation) => {
      const table = refOf(relation)
      return {
        message: lockMessage(
          'ACCESS EXCLUSIVE',
          table,
          'while every row is checked against the bounds of the new partition',
        ),
        help: `Run \`ALTER TABLE ${sqlName(table)} ADD CHECK (…) NOT VALID\` with the new bounds excluded and validate it in migrations before.`,
        table,
        lock: 'ACCESS EXCLUSIVE',
        scan: true,
      }
    })
}
