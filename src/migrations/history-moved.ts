import { ApplyError } from './apply-error.ts'

/** Says how a history that was read differs from the expected one, where some of the pending migrations may be in it, too. */
export function historyMoved(
  expected: readonly string[],
  pending: readonly string[],
  actual: readonly string[],
): ApplyError {
  const missing = expected.filter((name) => !actual.includes(name))
  const known = new Set([...expected, ...pending])
  const foreign = actual.filter((name) => !known.has(name))
  const differences = [
    ...(missing.length > 0 ? [`not in it: ${missing.join(', ')}`] : []),
    ...(foreign.length > 0 ? [`not expected in it: ${foreign.join(', ')}`] : []),
  ]
  const what = differences.join('; ') || 'it has pending migrations out of order'
  return new ApplyError('history', `The tenant's history moved (${what}).`)
}
