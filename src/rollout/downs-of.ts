import type { ReturnRoute } from '../model/rollout.ts'

/**
 * Returns what a tenant has to take back to have what it had before, newest first. Undefined: it has to get something, too,
 * so that no `down` leads there.
 */
export function downsOf({ from, history }: ReturnRoute): readonly string[] | undefined {
  const before = new Set(from)
  const taken = history.filter((name) => !before.has(name)).reverse()
  const kept = history.filter((name) => before.has(name))
  const isThere = kept.length === before.size && kept.every((name, index) => name === from[index])
  return isThere && taken.length > 0 ? taken : undefined
}
