import { cascadeLoss } from '../cascade-loss.ts'
import type { Rule } from '../rule.ts'
import { dropOf, droppedObjects } from '../syntax/dropped.ts'

export const dropTypeCascade: Rule = {
  id: 'drop-type-cascade',
  class: 'destructive',
  summary: 'Drops a type or domain together with every column of that type.',
  restorePoint: true,
  approval: 'yes',
  decidedBy: 'rule',
  find({ node }, context) {
    const drop = dropOf(node, 'OBJECT_TYPE', 'OBJECT_DOMAIN')
    if (drop?.behavior !== 'DROP_CASCADE') return []
    if (droppedObjects(drop).every(({ ref }) => context.madeHere.type(ref.name))) return []
    const help =
      'Give the columns another type first, then drop the type without CASCADE: `alter table t alter column c type text;`.'
    return cascadeLoss(drop, drop.removeType === 'OBJECT_DOMAIN' ? 'domain' : 'type', context).map((match) => ({
      help,
      ...match,
    }))
  },
}
