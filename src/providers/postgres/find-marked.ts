import { formatMark, type Mark, parseMark } from '../../model/mark.ts'
import type { MarkedName } from '../provider.ts'
import type { AdminServer } from './admin-server.ts'

const PAGE = 1_000

interface Row {
  readonly name: string
  readonly databaseId: string | null
  readonly comment: string
}

// By name, along the index, so that a page costs what it holds.
const DATABASES = `
  select d.datname::text as name, d.oid::text as "databaseId", s.description as comment
    from pg_database d join pg_shdescription s on s.objoid = d.oid and s.classoid = 'pg_database'::regclass
   where d.datname > $2::name and starts_with(s.description, $1) order by d.datname limit ${PAGE}`
const ROLES = `
  select r.rolname::text as name, null as "databaseId", s.description as comment
    from pg_roles r join pg_shdescription s on s.objoid = r.oid and s.classoid = 'pg_authid'::regclass
   where r.rolname > $2::name and starts_with(s.description, $1)
     and not exists (select from pg_database d where d.datname = r.rolname) order by r.rolname limit ${PAGE}`

/**
 * Lists what carries a mark of one fleet and catalog on a server, in pages: first the databases by name, then the login roles
 * that no database is named like.
 */
export async function* findMarked(
  server: AdminServer,
  by: Pick<Mark, 'fleet' | 'catalogId'>,
): AsyncGenerator<readonly MarkedName[]> {
  // A mark begins with whose it is.
  const whole = formatMark({ ...by, kind: 'tenant', key: '' })
  const prefix = whole.slice(0, whole.indexOf('"kind"'))
  for (const statement of [DATABASES, ROLES]) {
    let after = ''
    for (;;) {
      const { rows } = await server.run((client) => client.query<Row>(statement, [prefix, after]))
      const found = rows.flatMap(({ name, databaseId, comment }) => {
        const mark = parseMark(comment)
        return mark === undefined ? [] : [{ server: server.name, name, databaseId, mark }]
      })
      if (found.length > 0) yield found
      const last = rows.at(-1)
      if (last === undefined || rows.length < PAGE) break
      after = last.name
    }
  }
}
