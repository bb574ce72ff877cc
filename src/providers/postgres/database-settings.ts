import type { ClientBase } from '../../postgres/connect.ts'
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'

/** What belongs to a database and not to what is in it: a copy has none of it, and after a swap it stays with the OID. */
export interface DatabaseSettings {
  readonly owner: string
  /** Null: as nobody has granted or revoked anything, so that PUBLIC may connect. */
  readonly grants: readonly Grant[] | null
  /** -1: none. */
  readonly connectionLimit: number
  readonly parameters: readonly Parameter[]
}

interface Grant {
  /** Null: PUBLIC. */
  readonly role: string | null
  readonly privilege: string
  readonly grantable: boolean
}

/** A parameter of ALTER DATABASE or, with a role, of ALTER ROLE … IN DATABASE. */
interface Parameter {
  readonly role: string | null
  readonly name: string
  readonly value: string
}

/** Reads the settings of a database; undefined when there is none of that name. */
export async function readDatabaseSettings(
  client: ClientBase,
  database: string,
): Promise<DatabaseSettings | undefined> {
  const { rows } = await client.query<DatabaseSettings>(
    `select pg_get_userbyid(d.datdba) as owner, d.datconnlimit as "connectionLimit",
       case when d.datacl is not null then (
         select coalesce(jsonb_agg(jsonb_build_object('role', r.rolname, 'privilege', a.privilege_type, 'grantable', a.is_grantable)
           order by r.rolname, a.privilege_type), '[]')
         from aclexplode(d.datacl) a left join pg_roles r on r.oid = a.grantee where a.grantee <> d.datdba) end as grants,
       (select coalesce(jsonb_agg(jsonb_build_object('role', r.rolname, 'name', split_part(s.item, '=', 1),
           'value', substr(s.item, strpos(s.item, '=') + 1)) order by r.rolname nulls first, s.item), '[]')
         from pg_db_role_setting c cross join unnest(c.setconfig) s(item) left join pg_roles r on r.oid = c.setrole
         where c.setdatabase = d.oid) as parameters
     from pg_database d where d.datname = $1`,
    [database],
  )
  return rows[0]
}

/**
 * Gives a database these settings; that of the owner it must have already.
 * @returns what could not be applied, in a sentence each
 */
export async function applyDatabaseSettings(
  client: ClientBase,
  database: string,
  settings: DatabaseSettings,
): Promise<readonly string[]> {
  const lost: string[] = []
  for (const { what, sql } of statementsOf(database, settings)) {
    await client.query(sql).catch((error: unknown) => {
      lost.push(`${what}: ${error instanceof Error ? error.message : String(error)}`)
    })
  }
  return lost
}

interface Step {
  readonly what: string
  /** One or more statements, which are one transaction. */
  readonly sql: string
}

function statementsOf(database: string, { grants, connectionLimit, parameters }: DatabaseSettings): readonly Step[] {
  const name = quoteIdentifier(database)
  return [
    // First, so that nobody whom the grants leave out gets in.
    { what: 'REVOKE from PUBLIC', sql: `revoke all on database ${name} from public` },
    ...(grants ?? DEFAULT_GRANTS).map((grant) => grantStep(name, grant)),
    { what: 'connection limit', sql: `alter database ${name} connection limit ${connectionLimit}` },
    ...parameters.map((parameter) => parameterStep(name, parameter)),
  ]
}

const DEFAULT_GRANTS: readonly Grant[] = [
  { role: null, privilege: 'CONNECT', grantable: false },
  { role: null, privilege: 'TEMPORARY', grantable: false },
]

function grantStep(database: string, { role, privilege, grantable }: Grant): Step {
  const grantee = role === null ? 'public' : quoteIdentifier(role)
  return {
    what: `${privilege} of ${role ?? 'PUBLIC'}`,
    sql: `grant ${privilege} on database ${database} to ${grantee}${grantable ? ' with grant option' : ''}`,
  }
}

function parameterStep(database: string, { role, name, value }: Parameter): Step {
  const target =
    role === null ? `alter database ${database}` : `alter role ${quoteIdentifier(role)} in database ${database}`
  const parameter = name
    .split('.')
    .map((part) => quoteIdentifier(part))
    .join('.')
  const assignment = `${target} set ${parameter}`
  return {
    what: `${name}${role === null ? '' : ` of ${role}`}`,
    // A list as it is stored would be taken for the name of one thing.
    sql: LISTS.has(name)
      ? `select set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, true);${assignment} from current`
      : `${assignment} to ${quoteLiteral(value)}`,
  }
}

/** Parameters whose stored value is a list of quoted names. Source: GUC_LIST_QUOTE in PostgreSQL's guc_tables.c. */
const LISTS: ReadonlySet<string> = new Set([
  'local_preload_libraries',
  'search_path',
  'session_preload_libraries',
  'temp_tablespaces',
])
