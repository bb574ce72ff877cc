import type { Migration } from './migration.ts'

/**
 * Returns the migration that takes this one back: what its `up` sends is what the file's `down` sends, so that it is recorded,
 * traced and judged like any other. Undefined: the file has no `down`.
 */
export function reverseMigration(migration: Migration): Migration | undefined {
  const { up, down } = migration
  return down === undefined ? undefined : { ...migration, up: down, down: up, reversed: true }
}
