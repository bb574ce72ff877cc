import type { Client } from '../postgres/connect.ts'
import { quoteIdentifier } from '../postgres/identifiers.ts'
import type { ConcurrentIndex } from './concurrent-index.ts'

interface Standing {
  readonly schema: string
  readonly oid: number
  readonly valid: boolean
}

/**
 * Says whether a valid index of the same name and definition stands already. An invalid one of that name, which a
 * crash or a cancelled build leaves behind, is dropped first.
 */
export async function indexStands(client: Client, index: ConcurrentIndex): Promise<boolean> {
  const { rows } = await client.query<Standing>(
    `select nspname as schema, pg_class.oid, indisvalid as valid
     from pg_index join pg_class on pg_class.oid = indexrelid join pg_namespace on pg_namespace.oid = relnamespace
     where relname = $1 and indrelid = to_regclass($2)`,
    [index.name, index.table],
  )
  const standing = rows[0]
  if (standing === undefined) return false
  if (standing.valid) return sameDefinition(client, index, standing)
  await client.query(`drop index concurrently ${quoteIdentifier(standing.schema, index.name)}`)
  return false
}

/** Lets the server compare: it writes the definition of the same index on an empty copy of the table, which is rolled back. */
async function sameDefinition(client: Client, index: ConcurrentIndex, { schema, oid }: Standing): Promise<boolean> {
  const copy = quoteIdentifier(schema, 'fleet_probe')
  const unique = index.unique ? 'unique ' : ''
  const definitionOf = (oid: string) =>
    `regexp_replace(pg_get_indexdef(${oid}), '^CREATE (UNIQUE )?INDEX .*? ON .*? USING ', '\\1')`
  await client.query('begin')
  try {
    await client.query(`create table ${copy} (like ${index.table})`)
    await client.query(`create ${unique}index fleet_probe_index on ${copy} ${index.definition}`)
    const { rows } = await client.query<{ same: boolean }>(
      `select ${definitionOf('$1::oid')} = ${definitionOf('$2::regclass')} as same`,
      [oid, `${quoteIdentifier(schema)}.fleet_probe_index`],
    )
    return rows[0]?.same === true
  } catch {
    // What cannot be made on a copy is not what stands; the statement itself will say why.
    return false
  } finally {
    await client.query('rollback')
  }
}
