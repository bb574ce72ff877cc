import { quoteIdentifier } from '../../../postgres/identifiers.ts'
import { scanSql } from '../../sql/parse-sql.ts'
import type { TableRef } from '../rule.ts'
import type { TypeRef } from './types.ts'

/** Returns an identifier for SQL that is shown: in quotes only where it needs them. */
export function sqlIdentifier(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) && scanSql(name)[0]?.name === 'IDENT' ? name : quoteIdentifier(name)
}

/** Returns a name for SQL that is shown: `orders`, `billing."Orders"`. */
export function sqlName({ schema, name }: TableRef): string {
  return schema === null ? sqlIdentifier(name) : `${sqlIdentifier(schema)}.${sqlIdentifier(name)}`
}

/** Returns a type as the manual writes it: `bigint`, `varchar(50)`, `numeric(10,2)[]`. */
export function typeText({ schema, name, modifiers, isArray }: TypeRef): string {
  const known = schema === null || schema === 'pg_catalog' ? WRITTEN[name] : undefined
  const plain = known ?? (schema === 'pg_catalog' ? name : sqlName({ schema, name }))
  return `${plain}${modifiers.length > 0 ? `(${modifiers.join(',')})` : ''}${isArray ? '[]' : ''}`
}

const WRITTEN: Readonly<Record<string, string>> = {
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  float4: 'real',
  float8: 'double precision',
  bool: 'boolean',
  bpchar: 'char',
  text: 'text',
  date: 'date',
}
