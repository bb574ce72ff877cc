import { cascadeLoss } from '../cascade-loss.ts'
import type { Rule } from '../rule.ts'
import { dropOf } from '../syntax/dropped.ts'

export const dropExtensionCascade: Rule = {
  id: 'drop-extension-cascade',
  class: 'destructive',
  summary: 'Drops an extension together with every column of its types, and its own tables.',
  restorePoint: true,
  approval: 'yes',
  decidedBy: 'rule',
  find({ node }, context) {
    const drop = dropOf(node, 'OBJECT_EXTENSION')
    if (drop === undefined) return []
    const help =
      'Give the columns another type first, then drop it without CASCADE: `alter table t alter column c type text;`.'
    return cascadeLoss(drop, 'extension', context).map((match) => ({ help, ...match }))
  },
}
