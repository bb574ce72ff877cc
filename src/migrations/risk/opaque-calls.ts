import type { FuncCall, Node } from 'libpg-query'
import { mayLoseValues } from './block-words.ts'
import { functionVolatility } from './function-volatility.ts'
import { contentOf, optionOf, running, wordsOf } from './syntax/nodes.ts'

/** Code that a statement runs and that its text does not show. */
export interface OpaqueCall {
  /** As a sentence names it: `DO`, `close_month(…)`. */
  readonly name: string
  /** Whether the code may take values away, as far as its text can be seen. */
  readonly mayLose: boolean
  /** Whether it does so outside of tables, where no lock of a table shows it. */
  readonly leavesNoTrace: boolean
}

/** Returns what a statement runs beyond its own text: DO, CALL, EXECUTE, and functions that are none of pg_catalog's. */
export function opaqueCalls(node: Node | null): readonly OpaqueCall[] {
  const block = contentOf(node, 'DoStmt')
  if (block !== undefined) {
    const body = contentOf(optionOf(block.args, 'as')?.arg, 'String')?.sval ?? ''
    return [{ name: 'DO', mayLose: mayLoseValues(body), leavesNoTrace: false }]
  }
  const procedure = contentOf(node, 'CallStmt')?.funccall
  if (procedure !== undefined) return [opaque(`CALL ${calledName(procedure)}`)]
  return [
    ...running(node, 'ExecuteStmt').map(({ name }) => opaque(`EXECUTE ${name}`)),
    ...(runsExpressions(node) ? running(node, 'FuncCall').flatMap(opaqueFunction) : []),
  ]
}

function opaque(name: string): OpaqueCall {
  return { name, mayLose: true, leavesNoTrace: false }
}

function opaqueFunction(call: FuncCall): readonly OpaqueCall[] {
  const words = wordsOf(call.funcname)
  if (functionVolatility(words) === 'unknown') return [opaque(calledName(call))]
  const name = words.at(-1) ?? ''
  if (WRITES_LARGE_OBJECTS.has(name)) return [{ name: calledName(call), mayLose: true, leavesNoTrace: true }]
  return RUNS_TEXT.has(name) ? [opaque(calledName(call))] : []
}

function calledName({ funcname, args = [] }: FuncCall): string {
  return `${wordsOf(funcname).join('.')}(${args.length > 0 ? '…' : ''})`
}

/** Functions of pg_catalog that change large objects in place. */
const WRITES_LARGE_OBJECTS: ReadonlySet<string> = new Set([
  'lo_put',
  'lo_truncate',
  'lo_truncate64',
  'lo_unlink',
  'lowrite',
])

/** Functions of pg_catalog that run the SQL in an argument. */
const RUNS_TEXT: ReadonlySet<string> = new Set([
  'query_to_xml',
  'query_to_xml_and_xmlschema',
  'query_to_xmlschema',
  'ts_rewrite',
  'ts_stat',
])

/** Statements whose expressions are computed as they run; those of DDL are stored, or told of by the rules for them. */
function runsExpressions(node: Node | null): boolean {
  return node !== null && Object.keys(node).some((kind) => WITH_EXPRESSIONS.has(kind))
}

const WITH_EXPRESSIONS: ReadonlySet<string> = new Set([
  'CopyStmt',
  'CreateTableAsStmt',
  'DeclareCursorStmt',
  'DeleteStmt',
  'ExplainStmt',
  'InsertStmt',
  'MergeStmt',
  'SelectStmt',
  'UpdateStmt',
])
