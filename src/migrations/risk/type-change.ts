import type { Node } from 'libpg-query'
import type { RuleContext, TableRef } from './rule.ts'
import { localTableChanges } from './syntax/added.ts'
import { contentOf, wordsOf } from './syntax/nodes.ts'
import { type TypeRef, typeOf } from './syntax/types.ts'
import { columnBefore } from './traced-facts.ts'

/** A type with its length or precision, under the name that pg_type has for it. */
export type PlainType = Pick<TypeRef, 'name' | 'modifiers' | 'isArray'>

/** Reads a type as format_type shows it: `character varying(50)`, `timestamp(3) without time zone`, `mood[]`. */
export function parseFormattedType(text: string): PlainType {
  const match = /^(.*?)(?:\((\d+(?:,-?\d+)?)\))?( with(?:out)? time zone)?(\[\])?$/.exec(text.trim())
  const written = `${match?.[1] ?? text}${match?.[3] ?? ''}`
  return {
    name: CATALOG_NAMES[written] ?? written.replace(/^.*\./, ''),
    modifiers: match?.[2]?.split(',').map(Number) ?? [],
    isArray: match?.[4] !== undefined,
  }
}

/**
 * Says whether a column can get another type without a look at its rows, as far as the two types decide. An index or a CHECK on
 * the column may still make work, and so does a domain behind a name.
 */
export function isMetadataOnly(from: PlainType, to: PlainType): boolean {
  if (from.isArray !== to.isArray) return false
  if (from.name === to.name) return isSame(from, to) || isUnlimited(to) || (!to.isArray && isWider(from, to))
  return !to.isArray && to.modifiers.length === 0 && BINARY_COMPATIBLE.has(`${from.name} ${to.name}`)
}

/** Says whether the USING of a type change, if there is one, does no more than cast the column to the new type. */
export function isPlainCast(using: Node | undefined, column: string, to: PlainType): boolean {
  if (using === undefined) return true
  const cast = contentOf(using, 'TypeCast')
  if (cast === undefined) return isColumn(using, column)
  return isSame(typeOf(cast.typeName), to) && isColumn(cast.arg, column)
}

const CATALOG_NAMES: Readonly<Record<string, string>> = {
  'character varying': 'varchar',
  character: 'bpchar',
  smallint: 'int2',
  integer: 'int4',
  bigint: 'int8',
  real: 'float4',
  'double precision': 'float8',
  boolean: 'bool',
  'bit varying': 'varbit',
  'timestamp without time zone': 'timestamp',
  'timestamp with time zone': 'timestamptz',
  'time without time zone': 'time',
  'time with time zone': 'timetz',
}

const BINARY_COMPATIBLE: ReadonlySet<string> = new Set([
  'varchar text',
  'text varchar',
  'varchar citext',
  'citext varchar',
  'text citext',
  'citext text',
  'cidr inet',
  'bit varbit',
  'xml text',
  'xml varchar',
  'int4 oid',
  'oid int4',
])

const TIMES: ReadonlySet<string> = new Set(['timestamp', 'timestamptz', 'time', 'timetz', 'interval'])

/** Types whose modifier is an upper limit, so that a larger one fits everything. */
const LIMITED: ReadonlySet<string> = new Set(['varchar', 'varbit', ...TIMES])

function isSame(from: PlainType, to: PlainType): boolean {
  return from.name === to.name && from.isArray === to.isArray && `${from.modifiers}` === `${to.modifiers}`
}

/** Six digits of a second are all that there are. */
function isUnlimited({ name, modifiers }: PlainType): boolean {
  return modifiers.length === 0 || (TIMES.has(name) && modifiers.at(-1) === 6)
}

function isWider(from: PlainType, to: PlainType): boolean {
  if (from.modifiers.length === 0) return false
  const [[most = 0, scale = 0], [newMost = 0, newScale = 0]] = [from.modifiers, to.modifiers]
  if (from.name === 'numeric') return newMost >= most && newScale === scale
  // An interval comes from the parser with its fields first: `interval(3)` as [32767, 3].
  return LIMITED.has(from.name) && (to.modifiers.at(-1) ?? 0) >= (from.modifiers.at(-1) ?? 0)
}

function isColumn(node: Node | undefined, column: string): boolean {
  return wordsOf(contentOf(node, 'ColumnRef')?.fields).at(-1) === column
}

/** One ALTER COLUMN … TYPE. */
export interface TypeChange {
  readonly table: TableRef
  readonly column: string
  readonly to: TypeRef
  /** Undefined: the type that the column has is not known. */
  readonly isMetadataOnly: boolean | undefined
}

/** Returns the columns to which an ALTER TABLE gives another type, with what the types alone say about the work. */
export function typeChanges(node: Node | null, context: RuleContext): readonly TypeChange[] {
  return localTableChanges(node).flatMap(({ table, type, command, column: definition }) => {
    if (type !== 'AT_AlterColumnType') return []
    const [column, to] = [command.name ?? '', typeOf(definition?.typeName)]
    const from = columnBefore(context, table, column)?.type
    const isPlain = isPlainCast(definition?.raw_default, column, to) && definition?.collClause === undefined
    const known = from === undefined ? undefined : isMetadataOnly(parseFormattedType(from), to)
    return [{ table, column, to, isMetadataOnly: isPlain ? known : false }]
  })
}
