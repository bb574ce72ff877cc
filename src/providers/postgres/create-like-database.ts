import type { ClientBase } from '../../postgres/connect.ts'
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'

export interface LikeDatabase {
  readonly name: string
  /** The database whose encoding, collation and tablespace the new one gets. */
  readonly like: string
  readonly owner: string
}

/** Columns of pg_database; which of them there are depends on the version. */
interface LocaleFacts {
  readonly encoding: string
  /** Null: the default one, which not everybody may name. */
  readonly tablespace: string | null
  readonly facts: {
    readonly datcollate: string
    readonly datctype: string
    /** From 15 on: `c`, `i` or, from 17 on, `b`. */
    readonly datlocprovider?: string
    /** 15 and 16. */
    readonly daticulocale?: string | null
    /** From 17 on. */
    readonly datlocale?: string | null
    /** From 16 on. */
    readonly daticurules?: string | null
  }
}

/** Makes an empty database that sorts and encodes like another one, and that nobody can connect to. */
export async function createLikeDatabase(client: ClientBase, { name, like, owner }: LikeDatabase): Promise<void> {
  const { rows } = await client.query<LocaleFacts>(
    `select pg_encoding_to_char(d.encoding) as encoding, nullif(t.spcname, 'pg_default') as tablespace, to_jsonb(d) as facts
     from pg_database d join pg_tablespace t on t.oid = d.dattablespace where d.datname = $1`,
    [like],
  )
  const [found] = rows
  if (found === undefined) throw new Error(`There is no database "${like}".`)
  await client.query(
    `create database ${quoteIdentifier(name)} template template0 owner ${quoteIdentifier(owner)} allow_connections false
     ${localeClause(found)} ${found.tablespace === null ? '' : `tablespace ${quoteIdentifier(found.tablespace)}`}`,
  )
}

function localeClause({ encoding, facts }: LocaleFacts): string {
  const { datcollate, datctype, datlocprovider, daticurules } = facts
  const locale = facts.datlocale ?? facts.daticulocale
  const provider = { i: 'icu', b: 'builtin' }[datlocprovider ?? '']
  return [
    `encoding ${quoteLiteral(encoding)} lc_collate ${quoteLiteral(datcollate)} lc_ctype ${quoteLiteral(datctype)}`,
    ...(datlocprovider === 'c' ? ['locale_provider libc'] : []),
    ...(provider === undefined || !locale
      ? []
      : [`locale_provider ${provider} ${provider}_locale ${quoteLiteral(locale)}`]),
    ...(daticurules ? [`icu_rules ${quoteLiteral(daticurules)}`] : []),
  ].join(' ')
}
