import { listed, lostNames } from '../lost-objects.ts'
import { type OpaqueCall, opaqueCalls } from '../opaque-calls.ts'
import { opaqueWork } from '../opaque-work.ts'
import type { Match, Rule } from '../rule.ts'
import type { Statement } from '../statement.ts'
import { contentOf, running } from '../syntax/nodes.ts'
import { nameOf } from '../syntax/tables.ts'
import type { StatementTrace, TracedRelation } from '../trace-facts.ts'
import { refOf, tracedFacts } from '../traced-facts.ts'

export const opaqueCode: Rule = {
  id: 'opaque-code',
  class: 'unknown',
  summary: "Runs code that cannot be read: DO, CALL, EXECUTE, functions that are not PostgreSQL's own.",
  restorePoint: true,
  approval: 'yes',
  decidedBy: 'rule',
  find(statement, context) {
    const facts = tracedFacts(context)
    const called = opaqueCalls(statement.node)
    const calls = called.length > 0 ? called : callsInViews(statement, facts)
    if (calls.length === 0) return []
    const names = listed([...new Set(calls.map(({ name }) => name))])
    const mayLose = calls.some((call) => call.mayLose)
    if (facts === undefined) {
      const message = `${names} runs code that cannot be read, and nothing has traced what it does; a restore point is taken first.`
      return [{ message, dataLoss: mayLose }]
    }
    const { written, loses, isClean } = opaqueWork(statement, facts)
    if (isClean) {
      if (!calls.some(({ leavesNoTrace }) => leavesNoTrace)) return []
      const message = `${names} changes large objects, which leaves no trace; a restore point is taken first.`
      return [{ message, dataLoss: true }]
    }
    const gone = facts.lost.length > 0 ? [`drops ${listed(lostNames(facts))}`] : []
    const held = written.length > 0 ? [`takes ${written[0]?.lock} on ${listed(written.map(shown))}`] : []
    return [
      {
        message: `${names} runs code that cannot be read; traced: it ${[...gone, ...held].join(' and ') || 'changes the type of columns'}.`,
        ...placeOf(written[0]),
        dataLoss: loses || (mayLose && written.length > 0),
      },
    ]
  },
}

/** A query that shows no call, yet locks a table as a write does, reads a view that has one. */
function callsInViews({ node }: Statement, facts: StatementTrace | undefined): readonly OpaqueCall[] {
  const isQuery =
    contentOf(node, 'SelectStmt') !== undefined && WRITES.every((kind) => running(node, kind).length === 0)
  const writes = facts?.relations.some(
    ({ kind, lock, lockIsNew }) => kind !== 'sequence' && lockIsNew && lock === 'ROW EXCLUSIVE',
  )
  return isQuery && writes ? [{ name: 'a view', mayLose: true, leavesNoTrace: false }] : []
}

const WRITES = ['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'] as const

function placeOf(relation: TracedRelation | undefined): Pick<Match, 'table' | 'lock'> {
  return relation?.lock ? { table: refOf(relation), lock: relation.lock } : {}
}

function shown(relation: TracedRelation): string {
  return nameOf(refOf(relation))
}
