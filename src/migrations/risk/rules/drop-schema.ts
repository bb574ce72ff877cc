import { heldValues, listed, lostNames } from '../lost-objects.ts'
import type { Match, Rule, RuleContext } from '../rule.ts'
import { dropOf, droppedObjects } from '../syntax/dropped.ts'
import { sqlIdentifier } from '../syntax/spelling.ts'
import { tracedFacts } from '../traced-facts.ts'

export const dropSchema: Rule = {
  id: 'drop-schema',
  class: 'destructive',
  summary: 'Drops a schema, with CASCADE every object in it.',
  restorePoint: true,
  approval: 'yes',
  decidedBy: 'rule',
  find({ node }, context) {
    const drop = dropOf(node, 'OBJECT_SCHEMA')
    return droppedObjects(drop)
      .map(({ ref }) => ref.name)
      .filter((schema) => !context.madeHere.schema(schema))
      .map((schema) => (drop?.behavior === 'DROP_CASCADE' ? withContents(schema, context) : empty(schema)))
  },
}

function withContents(schema: string, context: RuleContext): Match {
  const facts = tracedFacts(context)
  const help = `Rename it first and drop it in a later release: \`alter schema ${sqlIdentifier(schema)} rename to ${sqlIdentifier(`${schema}_dropped`)};\`.`
  if (facts === undefined) {
    const message = `Every table in the schema \`${schema}\` is gone with its rows; a restore point is taken first.`
    return { message, help, lock: 'ACCESS EXCLUSIVE', dataLoss: true }
  }
  const lost = facts.lost.filter(({ relation, kind }) => relation !== null || kind !== 'schema')
  if (!lost.some(heldValues)) return empty(schema)
  const message = `CASCADE drops ${listed(lostNames({ lost }))} with the schema \`${schema}\`; a restore point is taken first.`
  return { message, help, lock: 'ACCESS EXCLUSIVE', dataLoss: true }
}

/** Without CASCADE the server refuses a schema that holds anything. */
function empty(schema: string): Match {
  const message = `The schema \`${schema}\` holds no values; running code that names it fails.`
  return { class: 'breaking', message, restorePoint: false }
}
