import type { Rule } from '../rule.ts'
import { dropOf, droppedObjects } from '../syntax/dropped.ts'
import { sqlIdentifier, sqlName } from '../syntax/spelling.ts'
import { nameOf } from '../syntax/tables.ts'

export const dropSequence: Rule = {
  id: 'drop-sequence',
  class: 'irreversible',
  summary: 'Drops a sequence with its position.',
  restorePoint: false,
  approval: 'yes',
  decidedBy: 'rule',
  find({ node }, { madeHere }) {
    const drop = dropOf(node, 'OBJECT_SEQUENCE')
    const cascades = drop?.behavior === 'DROP_CASCADE'
    return droppedObjects(drop)
      .map(({ ref }) => ref)
      .filter((sequence) => !madeHere.sequence(sequence))
      .map((sequence) => ({
        message: `The position of \`${nameOf(sequence)}\` is lost${cascades ? ', and CASCADE drops the column defaults that use it' : ''}.`,
        help: `Rename it first and drop it in a later release: \`alter sequence ${sqlName(sequence)} rename to ${sqlIdentifier(`${sequence.name}_dropped`)};\`.`,
        restorePoint: cascades,
        dataLoss: true,
      }))
  },
}
