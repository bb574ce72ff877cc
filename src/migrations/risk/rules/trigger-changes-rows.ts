import type { Node } from 'libpg-query'
import { factsOf } from '../known-tables.ts'
import { listed } from '../lost-objects.ts'
import { rowChanges } from '../row-changes.ts'
import type { Match, Rule, RuleContext, TableRef } from '../rule.ts'
import { contentsOf, running } from '../syntax/nodes.ts'
import { sqlIdentifier, sqlName } from '../syntax/spelling.ts'
import { isTemporary, nameOf, tableOf } from '../syntax/tables.ts'
import type { TriggerFacts } from '../trace-facts.ts'
import { tracedFacts } from '../traced-facts.ts'
import { triggerHarm } from '../trigger-code.ts'

/** INSERT, or UPDATE of new columns, that costs no value itself, on a table with a trigger that may. */
export const triggerChangesRows: Rule = {
  id: 'trigger-changes-rows',
  class: 'destructive',
  summary: 'Adds rows, or fills new columns, and so fires a trigger that may change or delete other values.',
  restorePoint: true,
  approval: 'no',
  decidedBy: 'rule',
  find({ node }, context) {
    const triggers = tracedFacts(context)?.triggers ?? []
    if (triggers.length === 0) return []
    return firings(node, context).flatMap((firing) =>
      triggers.filter((it) => isFired(it, firing, context)).flatMap((it) => harmOf(it, firing, context)),
    )
  },
}

/** What makes triggers of a table run. */
interface Firing {
  readonly event: 'insert' | 'update'
  readonly table: TableRef
  /** Of an UPDATE: what it sets. */
  readonly columns: readonly string[]
}

/** What changes or deletes rows itself has a rule of its own. */
function firings(node: Node | null, { madeHere }: RuleContext): readonly Firing[] {
  const merges = running(node, 'MergeStmt').filter(({ mergeWhenClauses }) =>
    contentsOf(mergeWhenClauses, 'MergeWhenClause').some(({ commandType }) => commandType === 'CMD_INSERT'),
  )
  const copies = running(node, 'CopyStmt').filter((copy) => copy.is_from)
  const inserts = [...running(node, 'InsertStmt'), ...merges, ...copies]
    .filter(({ relation }) => !isTemporary(relation))
    .map(({ relation }): Firing => ({ event: 'insert', table: tableOf(relation), columns: [] }))
  const fills = rowChanges(node)
    .filter(({ deletes, table, columns }) => !deletes && columns.every((it) => madeHere.column(table, it)))
    .map(({ table, columns }): Firing => ({ event: 'update', table, columns }))
  return [...inserts, ...fills]
}

function isFired({ events, relation, columns }: TriggerFacts, firing: Firing, context: RuleContext): boolean {
  const schema = firing.table.schema ?? factsOf(context, firing.table)?.schema
  return (
    events.includes(firing.event) &&
    relation.name === firing.table.name &&
    (schema === undefined || relation.schema === schema) &&
    (firing.event === 'insert' || columns.length === 0 || columns.some((it) => firing.columns.includes(it)))
  )
}

function harmOf(trigger: TriggerFacts, { event, table }: Firing, { madeHere }: RuleContext): readonly Match[] {
  const { mayLose, sets } = triggerHarm(trigger)
  // What is set in a row that is being added was nobody's value before.
  const overwritten = event === 'insert' ? [] : sets.filter((column) => !madeHere.column(table, column))
  if (!mayLose && overwritten.length === 0) return []
  const columns = overwritten.includes('*') ? 'columns' : listed(overwritten.map((it) => `${nameOf(table)}.${it}`))
  const what = mayLose ? 'may change or delete rows' : `overwrites ${columns}`
  const name = sqlIdentifier(trigger.name)
  return [
    {
      message: `\`${trigger.function}()\`, a trigger of \`${nameOf(table)}\`, ${what}, and the old values cannot be derived; a restore point is taken first.`,
      help: `Read the function; where it need not run, put \`alter table ${sqlName(table)} disable trigger ${name};\` before, and enable it again after.`,
      table,
      lock: 'ROW EXCLUSIVE',
      dataLoss: true,
    },
  ]
}
