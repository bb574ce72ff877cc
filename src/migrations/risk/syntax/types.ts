import type { TypeName } from 'libpg-query'
import { contentsOf, wordsOf } from './nodes.ts'

/** A type as a statement names it. */
export interface TypeRef {
  /** Null: left to the search_path. `pg_catalog` for those that the grammar knows: varchar, int, json, timestamp, … */
  readonly schema: string | null
  /** As pg_type has it: `int4`, `varchar`, `timestamptz`; `serial` is no type, but stands here as written. */
  readonly name: string
  /** Length, or precision and scale, or precision. */
  readonly modifiers: readonly number[]
  readonly isArray: boolean
}

/** Returns the type that a statement names. */
export function typeOf(type: TypeName | undefined): TypeRef {
  const words = wordsOf(type?.names)
  return {
    schema: words.at(-2) ?? null,
    name: words.at(-1) ?? '',
    modifiers: contentsOf(type?.typmods, 'A_Const').map(({ ival }) => ival?.ival ?? 0),
    isArray: (type?.arrayBounds ?? []).length > 0,
  }
}

/** Says whether a type is `serial` in one of its sizes: an integer with a sequence of its own. */
export function isSerial({ schema, name }: TypeRef): boolean {
  return (schema === null || schema === 'pg_catalog') && SERIAL.has(name)
}

const SERIAL: ReadonlySet<string> = new Set(['serial', 'smallserial', 'bigserial', 'serial2', 'serial4', 'serial8'])
