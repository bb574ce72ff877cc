import { FleetError } from '../../model/errors.ts'
import { parseMark } from '../../model/mark.ts'
import type { ClientBase } from '../../postgres/connect.ts'
import { SQLSTATE, sqlstateOf } from '../../postgres/sqlstate.ts'
import type { FoundDatabase } from '../provider.ts'
import type { AdminServer } from './admin-server.ts'

const PAGE = 1_000

interface Row {
  readonly database: string
  readonly databaseId: string
  readonly owner: string
  readonly comment: string | null
}

/**
 * Lists the databases of one server whose name is LIKE the pattern, by name, a page at a time. Templates, the server's
 * and ours, are left out.
 * @throws FleetError USAGE for a pattern that ends in a backslash
 */
export async function* findDatabases(server: AdminServer, pattern: string): AsyncGenerator<FoundDatabase> {
  let after = ''
  for (;;) {
    const rows = await server.run((client) => readPage(client, pattern, after))
    for (const { comment, ...row } of rows) {
      const mark = parseMark(comment)
      if (mark?.kind !== 'template') yield { server: server.name, ...row, mark }
    }
    const last = rows.at(-1)
    if (last === undefined || rows.length < PAGE) return
    after = last.database
  }
}

async function readPage(client: ClientBase, pattern: string, after: string): Promise<readonly Row[]> {
  try {
    const { rows } = await client.query<Row>(
      `select d.datname as database, d.oid::text as "databaseId", pg_get_userbyid(d.datdba) as owner,
              shobj_description(d.oid, 'pg_database') as comment
         from pg_database d
        where d.datname like $1 and d.datname > $2::name and not d.datistemplate
        order by d.datname limit ${PAGE}`,
      [pattern, after],
    )
    return rows
  } catch (error) {
    throw sqlstateOf(error) === SQLSTATE.invalidEscape ? patternRefusal(pattern, error) : error
  }
}

function patternRefusal(pattern: string, cause: unknown): FleetError {
  return new FleetError('USAGE', `The pattern "${pattern}" ends in a backslash, which escapes nothing.`, { cause })
}
