import type { AlterTableType, Node } from 'libpg-query'
import { lockMessage } from '../lock-message.ts'
import type { Rule, TableRef } from '../rule.ts'
import { localTableChanges } from '../syntax/added.ts'
import { contentOf } from '../syntax/nodes.ts'
import { tableOf } from '../syntax/tables.ts'
import { tracedFacts, tracedRelation } from '../traced-facts.ts'

/** Small changes of a table or view that one would not expect to stop readers. */
export const briefExclusiveLock: Rule = {
  id: 'brief-exclusive-lock',
  class: 'advice',
  summary:
    'Changes something small under ACCESS EXCLUSIVE: instant, but it queues behind long queries, and all others behind it.',
  restorePoint: false,
  approval: 'no',
  decidedBy: 'rule',
  find: ({ node }, context) =>
    changedTables(node)
      .filter((table) => !tracedFacts(context) || tracedRelation(context, table)?.lock === 'ACCESS EXCLUSIVE')
      .map((table) => ({
        message: lockMessage(
          'ACCESS EXCLUSIVE',
          table,
          'for a moment, but waits behind long queries while all others wait behind it',
        ),
        table,
        lock: 'ACCESS EXCLUSIVE',
      })),
}

function changedTables(node: Node | null): readonly TableRef[] {
  const [change] = localTableChanges(node).filter(({ type }) => type && SMALL.has(type))
  const view = contentOf(node, 'ViewStmt')
  const relation =
    contentOf(node, 'CreatePolicyStmt')?.table ??
    contentOf(node, 'AlterPolicyStmt')?.table ??
    contentOf(node, 'RuleStmt')?.relation ??
    (view?.replace ? view.view : undefined)
  return [...(change ? [change.table] : []), ...(relation ? [tableOf(relation)] : [])]
}

/** Not ADD COLUMN, defaults and NOT VALID constraints: nearly every migration has one, and there is no other way. */
const SMALL: ReadonlySet<AlterTableType> = new Set([
  'AT_ChangeOwner',
  'AT_SetStorage',
  'AT_SetCompression',
  'AT_AddIdentity',
  'AT_SetIdentity',
  'AT_DropIdentity',
  'AT_AddInherit',
  'AT_DropInherit',
  'AT_AddOf',
  'AT_DropOf',
  'AT_ReplicaIdentity',
  'AT_EnableRowSecurity',
  'AT_ForceRowSecurity',
  'AT_EnableRule',
  'AT_EnableAlwaysRule',
  'AT_EnableReplicaRule',
  'AT_DisableRule',
])
