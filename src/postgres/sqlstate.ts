/** SQLSTATEs that the code names, once. Those with KF are our own, for what a frame finds. */
export const SQLSTATE = {
  historyMoved: 'KF001',
  busy: 'KF002',
  alreadyThere: 'KF003',
  transactionEnded: 'KF004',
  historyElsewhere: 'KF005',
  activeTransaction: '25001',
  invalidTransactionTermination: '2D000',
  abortedTransaction: '25P02',
  queryCanceled: '57014',
  undefinedObject: '42704',
  insufficientPrivilege: '42501',
  undefinedDatabase: '3D000',
  undefinedTable: '42P01',
  duplicateDatabase: '42P04',
  duplicateObject: '42710',
  dependentObjects: '2BP01',
  uniqueViolation: '23505',
  invalidPassword: '28P01',
  invalidAuthorization: '28000',
  objectInUse: '55006',
  lockNotAvailable: '55P03',
  diskFull: '53100',
  readOnly: '25006',
  cannotConnectNow: '57P03',
  notReached: '08006',
  insufficientResources: '53000',
  tooManyConnections: '53300',
  invalidText: '22P02',
  invalidEscape: '22025',
  internalError: 'XX000',
} as const

/** What an SQLSTATE means for a tenant run (DESIGN.md section 5.8). */
export type SqlstateClass = 'busy' | 'done' | 'error' | 'failure' | 'server' | 'rights'

/** Whole codes and two-letter classes, the more exact first. What is not listed is a failure. */
const CLASSES: readonly (readonly [prefix: string, cls: SqlstateClass])[] = [
  ['KF002', 'busy'],
  ['KF003', 'done'],
  ['KF001', 'failure'],
  ['55P03', 'error'],
  ['40P01', 'error'],
  ['40001', 'error'],
  ['08', 'error'],
  ['57P01', 'error'],
  ['57P02', 'error'],
  ['57P03', 'error'],
  ['53300', 'error'],
  ['55006', 'error'],
  ['55000', 'error'],
  ['53000', 'server'],
  ['53100', 'server'],
  ['25006', 'server'],
  ['42501', 'rights'],
]

/** Sorts an SQLSTATE into what is to be done about it. */
export function classifySqlstate(sqlstate: string): SqlstateClass {
  return CLASSES.find(([prefix]) => sqlstate.startsWith(prefix))?.[1] ?? 'failure'
}

/** Says whether who wanted to connect has found no server, or none that takes anybody. */
export function isServerAway(sqlstate: string): boolean {
  return sqlstate === SQLSTATE.notReached || sqlstate === SQLSTATE.cannotConnectNow
}

/** What Node reports when no server, or none any more, is at the other end. */
const CONNECTION_ERRORS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
])
const LOST = /Connection terminated|timeout expired|Client has encountered a connection error|not queryable/i

/** Returns the SQLSTATE of an error thrown by the driver; what never reached the server is 08006. Undefined: not the server's. */
export function sqlstateOf(error: unknown): string | undefined {
  if (error instanceof AggregateError) return error.errors.map(sqlstateOf).find((it) => it !== undefined)
  if (!(error instanceof Error)) return undefined
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  if (code !== undefined && CONNECTION_ERRORS.has(code)) return SQLSTATE.notReached
  // No SQLSTATE looks like an error of the system (EPERM, EBUSY).
  if (code !== undefined && /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code)) return code
  return LOST.test(error.message) ? SQLSTATE.notReached : undefined
}
