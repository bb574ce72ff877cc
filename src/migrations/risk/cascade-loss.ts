import type { DropStmt } from 'libpg-query'
import { heldValues, listed, lostNames } from './lost-objects.ts'
import type { Match, RuleContext } from './rule.ts'
import { droppedObjects } from './syntax/dropped.ts'
import { nameOf } from './syntax/tables.ts'
import type { LostObject } from './trace-facts.ts'
import { refOf, tracedFacts } from './traced-facts.ts'

/** Returns what goes with a type or an extension, from the trace where there is one; `kind` is its kind in a sentence. */
export function cascadeLoss(
  drop: DropStmt,
  kind: 'type' | 'domain' | 'extension',
  context: RuleContext,
): readonly Match[] {
  const names = droppedObjects(drop).map(({ ref }) => nameOf(ref))
  const what = `the ${kind} ${listed(names)}`
  const facts = tracedFacts(context)
  if (facts === undefined) {
    if (drop.behavior !== 'DROP_CASCADE') return []
    const message = `CASCADE drops every column that needs ${what}, with its values; a restore point is taken first.`
    return [{ message, lock: 'ACCESS EXCLUSIVE', dataLoss: true }]
  }
  const lost = facts.lost.filter((it) => it.kind !== kind && it.kind !== 'type' && it.kind !== 'extension')
  const held = lost.filter(heldValues)
  if (held.length > 0) {
    const message = `${listed(lostNames({ lost: held }))} and the values in there go with ${what}; a restore point is taken first.`
    return [{ message, ...tableOfFirst(held), lock: 'ACCESS EXCLUSIVE', dataLoss: true }]
  }
  if (lost.length === 0 || drop.behavior !== 'DROP_CASCADE') return []
  const message = `CASCADE drops ${listed(lostNames({ lost }))} with ${what}; no values are lost.`
  return [{ class: 'breaking', message, ...tableOfFirst(lost), restorePoint: false, approval: 'no' }]
}

function tableOfFirst(lost: readonly LostObject[]): Pick<Match, 'table'> {
  const relation = lost.find((it) => it.relation !== null)?.relation
  return relation ? { table: refOf(relation) } : {}
}
