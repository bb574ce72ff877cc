import { closest, distance } from 'fastest-levenshtein'
import { FleetError } from '../model/errors.ts'

export interface PendingInput {
  /** Names of the migrations at hand, in Kysely's order. */
  readonly available: readonly string[]
  /** Names in the tenant's history, in order of execution. */
  readonly history: readonly string[]
  /** Last migration to apply; null: none; left out: the last one at hand. */
  readonly to?: string | null | undefined
  readonly allowUnordered: boolean
}

/** What to apply, or why nothing may be: each is what Kysely's Migrator would call corrupted migrations. */
export type Pending =
  | { readonly kind: 'pending'; readonly migrations: readonly string[] }
  /** In the history, but there is no file for it. */
  | { readonly kind: 'missing'; readonly migrations: readonly string[] }
  /** Where the files have `found`, the history has `expected`. */
  | { readonly kind: 'out-of-order'; readonly found: string; readonly expected: string }

/**
 * Returns the migrations that a history lacks, in order, up to and with `to`.
 * @throws FleetError MIGRATION_UNKNOWN when there is no migration `to`; the message names close ones
 */
export function pendingMigrations({ available, history, to, allowUnordered }: PendingInput): Pending {
  if (typeof to === 'string' && !available.includes(to)) throw unknownMigration(to, available)
  const present = new Set(available)
  const missing = history.filter((name) => !present.has(name))
  if (missing.length > 0) return { kind: 'missing', migrations: missing }
  if (!allowUnordered) {
    const index = history.findIndex((name, at) => available[at] !== name)
    const [found, expected] = [available[index], history[index]]
    if (found !== undefined && expected !== undefined) return { kind: 'out-of-order', found, expected }
  }
  const done = new Set(history)
  const upTo = to === undefined ? available.length : to === null ? 0 : available.indexOf(to) + 1
  return { kind: 'pending', migrations: available.slice(0, upTo).filter((name) => !done.has(name)) }
}

function unknownMigration(to: string, available: readonly string[]): FleetError {
  const near = available
    .filter((name) => name.includes(to) || distance(name, to) <= Math.max(2, to.length / 3))
    .slice(0, 5)
  const names = near.length > 0 || available.length === 0 ? near : [closest(to, available)]
  const hint = names.length > 0 ? ` Close to it: ${names.join(', ')}.` : ' There are no migrations at all.'
  return new FleetError('MIGRATION_UNKNOWN', `There is no migration "${to}".${hint}`)
}
