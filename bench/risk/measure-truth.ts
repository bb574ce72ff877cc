import { type Client, withClient } from '../../src/postgres/connect.ts'
import { CASE_DATA, CASE_ROWS, CASE_SCHEMA } from '../../test/migrations/risk/case-schema.ts'
import type { RiskCase } from '../../test/migrations/risk/cases/risk-case.ts'
import { CASES } from '../../test/migrations/risk/cases.ts'
import { withDatabase, withRiskServer } from './risk-server.ts'

const CLIENT = { applicationName: 'fleet/bench' }
const FAILED = 'failed'

interface Relation {
  readonly oid: string
  readonly name: string
  readonly table: string | null
  readonly file: string
  readonly bytes: number
  readonly read: number
  readonly strong: boolean
  readonly exclusive: boolean
}

const RELATIONS = `select c.oid::text, c.oid::regclass::text as name, i.indrelid::text as "table", c.relfilenode::text as file,
    pg_relation_size(c.oid)::float8 as bytes, pg_stat_get_xact_tuples_returned(c.oid)::float8 as read,
    exists (select from pg_locks l where l.pid = pg_backend_pid() and l.locktype = 'relation' and l.relation = c.oid
      and l.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')) as strong,
    exists (select from pg_locks l where l.pid = pg_backend_pid() and l.locktype = 'relation' and l.relation = c.oid
      and l.mode = 'AccessExclusiveLock') as exclusive
  from pg_class c left join pg_index i on i.indexrelid = c.oid
  where c.oid >= 16384 and c.relkind in ('r', 'm', 'i') and c.relnamespace::regnamespace::text !~ '^pg_'`

async function measure(client: Client, sql: readonly string[]): Promise<{ longLock: boolean; evidence: string }> {
  await client.query('begin')
  try {
    const base = await relations(client)
    const evidence: string[] = []
    let before = base
    for (const statement of sql) {
      await client.query(statement)
      const after = await relations(client)
      evidence.push(...compare({ base, before, after }))
      before = after
    }
    return { longLock: evidence.length > 0, evidence: evidence.join('; ') }
  } catch (error) {
    return { longLock: false, evidence: `${FAILED}: ${(error as Error).message}` }
  } finally {
    await client.query('rollback')
    await client.query('deallocate all')
  }
}

async function relations(client: Client): Promise<ReadonlyMap<string, Relation>> {
  const { rows } = await client.query<Relation>(RELATIONS)
  return new Map(rows.map((it) => [it.oid, it]))
}

interface Measured {
  readonly base: ReadonlyMap<string, Relation>
  readonly before: ReadonlyMap<string, Relation>
  readonly after: ReadonlyMap<string, Relation>
}

function compare({ base, before, after }: Measured): string[] {
  const found: string[] = []
  const files = new Set([...before.values()].map(({ file }) => file))
  for (const is of after.values()) {
    const table = after.get(is.table ?? is.oid)
    if (table === undefined || !base.has(table.oid)) continue
    const was = before.get(is.oid)
    const held = table.strong || (is.table !== null && base.has(is.oid) && is.exclusive)
    if (!held) continue
    // Bytes tell a copy from an empty new file; an empty index has up to two pages.
    if (!files.has(is.file) && is.bytes > 8192 * 2) found.push(`${is.name} written anew`)
    if (is.table === null && is.read - (was?.read ?? 0) >= CASE_ROWS * 0.9) found.push(`${is.name} read whole`)
  }
  return found
}

/**
 * Runs every case on tables with rows, in a transaction that is rolled back, and compares the list with what the server
 * shows: the rows that were read, the bytes of new files, the locks that are held. Independent of the trace, which sees no rows.
 */
await withRiskServer((server) =>
  withDatabase(server, async (filled) => {
    await withClient(filled, CLIENT, async (client) => {
      await client.query(CASE_SCHEMA)
      await client.query(CASE_DATA)
    })
    const wrong: string[] = []
    const check = async (client: Client, it: RiskCase) => {
      const measured = await measure(client, it.sql)
      if (measured.longLock === it.longLock && !measured.evidence.startsWith(FAILED)) return
      wrong.push(`${it.sql.join('; ')}\n  listed ${it.longLock}, measured ${measured.longLock}: ${measured.evidence}`)
    }
    const measurable = CASES.filter(({ alone }) => !alone)
    const inCopy = (use: (client: Client) => Promise<void>) =>
      withDatabase(server, (copy) => withClient(copy, CLIENT, use), filled.database)
    await inCopy(async (client) => {
      for (const it of measurable.filter(({ setup }) => setup === undefined)) await check(client, it)
    })
    for (const it of measurable.filter(({ setup }) => setup !== undefined)) {
      await inCopy(async (client) => {
        await client.query(it.setup ?? '')
        await check(client, it)
      })
    }
    console.log([...wrong, `${measurable.length} cases, ${wrong.length} listed otherwise than measured`].join('\n'))
    process.exitCode = wrong.length === 0 ? 0 : 1
  }),
)
