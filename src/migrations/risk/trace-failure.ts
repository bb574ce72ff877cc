import { SQLSTATE, sqlstateOf } from '../../postgres/sqlstate.ts'
import { parseSql } from '../sql/parse-sql.ts'
import { controlsTransaction } from '../statement-kind.ts'
import type { TraceResult } from './trace-facts.ts'

type Failed = Extract<TraceResult, { kind: 'failed' | 'not-traced' }>

/**
 * Tells what a statement's error on a database without rows says about it.
 * @throws the error itself when the connection is lost or the server is at fault: nothing is known about the statement then
 */
export function traceFailure(error: unknown, sql: string): Failed {
  const sqlstate = sqlstateOf(error)
  if (sqlstate === undefined || SERVER_AT_FAULT.some((prefix) => sqlstate.startsWith(prefix))) throw error
  const message = error instanceof Error ? error.message : String(error)
  if (sqlstate === UNDEFINED_FILE || (LACKS_EXTENSION.has(sqlstate) && CONCERNS_EXTENSION.has(kindOf(sql) ?? ''))) {
    return { kind: 'not-traced', reason: `the scratch server cannot: ${message}` }
  }
  return { kind: 'failed', sqlstate, message, needsData: NEEDS_DATA.has(sqlstate) }
}

/** Returns why a statement is not to be run on the scratch database at all; undefined: it may. */
export function reasonNotToTrace(statement: {
  readonly sql: string
  readonly transactional: boolean
}): string | undefined {
  if (controlsTransaction(statement.sql)) return 'it begins or ends a transaction'
  if (statement.transactional || STAYS_IN_DATABASE.has(kindOf(statement.sql) ?? '')) return undefined
  return 'it reaches beyond the database that it runs in'
}

const SERVER_AT_FAULT = ['08', '53', '57P', '58030', SQLSTATE.lockNotAvailable]
const UNDEFINED_FILE = '58P01'

/** Not available, no such version, no right to make it, not preloaded. */
const LACKS_EXTENSION: ReadonlySet<string> = new Set(['0A000', '22023', '42501', '42704', '55000'])
const CONCERNS_EXTENSION = new Set(['CreateExtensionStmt', 'AlterExtensionStmt'])

/**
 * What statements raise that would go through where rows are: raise and assert, STRICT and NOT NULL on a SELECT that found
 * nothing, a key of a row that is not there, setval(…, 0), a division by a count, a loop up to a maximum that is NULL.
 */
const NEEDS_DATA: ReadonlySet<string> = new Set([
  'P0001',
  'P0002',
  'P0004',
  '22003',
  '22004',
  '22012',
  '23502',
  '23503',
])

/** Of the statements that run outside a transaction, those that touch nothing but their own database. */
const STAYS_IN_DATABASE = new Set([
  'IndexStmt',
  'DropStmt',
  'VacuumStmt',
  'ClusterStmt',
  'AlterTableStmt',
  'AlterEnumStmt',
  'CallStmt',
  'DoStmt',
  'ReindexStmt',
])

function kindOf(sql: string): string | undefined {
  try {
    const [first, ...more] = parseSql(sql)
    return more.length > 0 || first === undefined ? undefined : Object.keys(first.node)[0]
  } catch {
    return undefined
  }
}
