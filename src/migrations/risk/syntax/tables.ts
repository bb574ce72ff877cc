import type { RangeVar } from 'libpg-query'
import type { TableRef } from '../rule.ts'

/** Returns the table that a statement names. */
export function tableOf(range: RangeVar | undefined): TableRef {
  return { schema: range?.schemaname ?? null, name: range?.relname ?? '' }
}

/** Returns the table behind a name with dots, `['billing', 'orders']`. */
export function tableNamed(words: readonly string[]): TableRef {
  return { schema: words.at(-2) ?? null, name: words.at(-1) ?? '' }
}

/** Says whether the statement itself makes the table a temporary one, or names the schema of those. */
export function isTemporary(range: RangeVar | undefined): boolean {
  return range?.relpersistence === 't' || range?.schemaname === 'pg_temp'
}

/** Returns a name as a person writes it: `orders`, `billing.orders`. */
export function nameOf({ schema, name }: TableRef): string {
  return schema === null ? name : `${schema}.${name}`
}

/** Says whether two names may mean one table: a schema that is left out may be any. */
export function isSameTable(one: TableRef, other: TableRef): boolean {
  return one.name === other.name && (one.schema === null || other.schema === null || one.schema === other.schema)
}
