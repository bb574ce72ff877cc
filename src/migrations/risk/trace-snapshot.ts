import { LOCK_MODES, type LockMode } from '../../model/finding.ts'
import type { Client } from '../../postgres/connect.ts'
import type { ColumnFacts, LostObject, TriggerFacts } from './trace-facts.ts'

/** What a transaction can see of its own database, and what it holds there, at one moment. */
export interface Snapshot {
  /** Tables, views, sequences and indexes by oid; no system relations. */
  readonly relations: ReadonlyMap<number, RelationState>
  /** Columns of tables by the table's oid. */
  readonly columns: ReadonlyMap<number, readonly ColumnState[]>
  /** All that is no relation, by oid. */
  readonly objects: ReadonlyMap<string, ObjectState>
  /** Those that are switched on. */
  readonly triggers: readonly TriggerFacts[]
  /** Strongest mode that the transaction holds, by the relation's oid. */
  readonly locks: ReadonlyMap<number, LockMode>
  /** Relations that it holds in ROW EXCLUSIVE, among other modes: those on whose rows it ran INSERT, UPDATE, DELETE or MERGE. */
  readonly written: ReadonlySet<number>
  /** Whether the transaction has written what all databases of the server share: roles, databases, tablespaces. */
  readonly writesShared: boolean
}

export interface RelationState {
  readonly oid: number
  readonly schema: string
  readonly name: string
  /** As pg_class.relkind: r p v m S f i I. */
  readonly kind: string
  readonly temporary: boolean
  /** Number of the file that holds the rows; 0: it has none. */
  readonly file: number
  readonly tablespace: number
  /** False: a materialized view WITH NO DATA. */
  readonly populated: boolean
  /** Scans that this database session has begun: of a table from end to end, of an index any. */
  readonly scans: number
  /** Of an index: its table. Of a sequence that belongs to a column: that column's table. */
  readonly table: number | null
  /** Of a sequence that belongs to a column: the column's number. */
  readonly column: number | null
  /** Whether it is the sequence of an IDENTITY column. */
  readonly identity: boolean
  /** The table that it is a partition or child of. */
  readonly parent: number | null
  readonly partition: boolean
}

export interface ColumnState extends ColumnFacts {
  /** Stays the same when the column is renamed. */
  readonly number: number
  /** Type and its modifier, by number: the type's name may change under it. */
  readonly typeKey: string
}

export interface ObjectState {
  readonly kind: LostObject['kind']
  readonly schema: string | null
  readonly name: string
  /** Oid of the relation that it belongs to. */
  readonly relation: number | null
}

/**
 * Reads a snapshot in one message.
 * @param before one of the same transaction: what that holds no lock on cannot have changed since, and is not read again
 */
export async function readSnapshot(client: Client, before?: Snapshot): Promise<Snapshot> {
  const text =
    before === undefined
      ? [LOCKS, OBJECTS, TRIGGERS, RELATIONS, `${COLUMNS} ${IN_ORDER}`]
      : [LOCKS, OBJECTS, TRIGGERS, LOCKED_RELATIONS, LOCKED_COLUMNS]
  // For several statements the answer is an array, which the driver's types do not know.
  const answers = (await client.query(text.join(';\n'))) as unknown as readonly { readonly rows: unknown[] }[]
  const [lockRows = [], objectRows = [], triggerRows = [], relationRows = [], columnRows = []] = answers.map(
    ({ rows }) => rows,
  )
  const held = readLocks(lockRows as LockRow[])
  const objects = new Map((objectRows as (ObjectState & { oid: number })[]).map((it) => [`${it.kind} ${it.oid}`, it]))
  // A schema that was renamed names all that is in it anew, under no lock.
  if (before !== undefined && schemasOf(before.objects) !== schemasOf(objects)) return await readSnapshot(client)
  const relations = new Map(before?.relations)
  for (const oid of held.locks.keys()) relations.delete(oid)
  for (const relation of relationRows as RelationState[]) relations.set(relation.oid, relation)
  const read = columnsByTable(columnRows as ColumnRow[])
  const unchanged = (oid: number) => (held.locks.get(oid) === 'ACCESS EXCLUSIVE' ? undefined : before?.columns.get(oid))
  const tables = [...relations.values()].filter(({ kind }) => TABLE_KINDS.has(kind))
  return {
    relations,
    columns: new Map(tables.map(({ oid }) => [oid, unchanged(oid) ?? read.get(oid) ?? []])),
    objects,
    triggers: (triggerRows as TriggerRow[]).map(triggerOf),
    ...held,
  }
}

function schemasOf(objects: Snapshot['objects']): string {
  return [...objects]
    .flatMap(([key, { kind, name }]) => (kind === 'schema' ? [`${key} ${name}`] : []))
    .sort()
    .join()
}

interface LockRow {
  readonly relation: number
  readonly mode: string
  readonly shared: boolean
}

type ColumnRow = ColumnState & { readonly table: number }

type TriggerRow = Omit<TriggerFacts, 'relation' | 'events'> & {
  readonly schema: string
  readonly table: string
  /** As pg_trigger.tgtype: one bit for each event. */
  readonly type: number
}

const EVENT_BITS = { insert: 4, delete: 8, update: 16, truncate: 32 } as const

function triggerOf({ schema, table, type, ...trigger }: TriggerRow): TriggerFacts {
  const events = Object.entries(EVENT_BITS).flatMap(([event, bit]) => ((type & bit) === 0 ? [] : [event]))
  return { ...trigger, relation: { schema, name: table }, events: events as TriggerFacts['events'] }
}

function readLocks(rows: readonly LockRow[]): Pick<Snapshot, 'locks' | 'written' | 'writesShared'> {
  const locks = new Map<number, LockMode>()
  for (const { relation, mode, shared } of rows) {
    const found = lockMode(mode)
    const held = locks.get(relation)
    if (!shared && (held === undefined || isStronger(found, held))) locks.set(relation, found)
  }
  const writesShared = rows.some(({ shared, mode }) => shared && isStronger(lockMode(mode), 'ROW SHARE'))
  const written = rows.filter(({ shared, mode }) => !shared && lockMode(mode) === 'ROW EXCLUSIVE')
  return { locks, written: new Set(written.map(({ relation }) => relation)), writesShared }
}

/** Says whether one mode stands behind another in PostgreSQL's order; nothing held is the weakest. */
export function isStronger(mode: LockMode | null, than: LockMode | null): boolean {
  const rank = (it: LockMode | null) => (it === null ? -1 : LOCK_MODES.indexOf(it))
  return rank(mode) > rank(than)
}

/** `AccessExclusiveLock` is ACCESS EXCLUSIVE. */
function lockMode(name: string): LockMode {
  const words = name.replace(/Lock$/, '').replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')
  return words.toUpperCase() as LockMode
}

function columnsByTable(rows: readonly ColumnRow[]): ReadonlyMap<number, readonly ColumnState[]> {
  const byTable = new Map<number, ColumnState[]>()
  for (const row of rows) {
    const columns = byTable.get(row.table)
    if (columns === undefined) byTable.set(row.table, [row])
    else columns.push(row)
  }
  return byTable
}

/** Kinds of pg_class that have rows of their own, or partitions that have. */
export const TABLE_KINDS: ReadonlySet<string> = new Set(['r', 'p', 'f'])

// Names are qualified: a migration may have set any search_path. Oids from 16384 on are not the system's own.
// Row locks and dependencies on roles are written for every object, and say nothing about the server: pg_shdepend is 1214.
const LOCKS = `select relation::int8::float8 as relation, mode, database = 0 as shared
  from pg_catalog.pg_locks
  where pid = pg_catalog.pg_backend_pid() and locktype = 'relation' and granted
    and (relation >= 16384 or database = 0) and relation <> 1214`

const HELD = `select relation from pg_catalog.pg_locks
  where pid = pg_catalog.pg_backend_pid() and locktype = 'relation' and database <> 0`

/** Of a sequence: the column that it goes with. */
const OWNED = `from pg_catalog.pg_depend where classid = 1259 and objid = c.oid and objsubid = 0 and refclassid = 1259
      and deptype in ('a', 'i') limit 1`

const RELATIONS = `select c.oid::int8::float8 as oid, n.nspname as schema, c.relname as name, c.relkind as kind,
    c.relpersistence = 't' as temporary, c.relfilenode::int8::float8 as file, c.reltablespace::int8::float8 as tablespace,
    c.relispopulated as populated, pg_catalog.pg_stat_get_xact_numscans(c.oid)::float8 as scans,
    coalesce(i.indrelid, case c.relkind when 'S' then (select refobjid ${OWNED}) end)::int8::float8 as "table",
    case c.relkind when 'S' then (select refobjsubid ${OWNED}) end as "column",
    c.relkind = 'S' and coalesce((select deptype = 'i' ${OWNED}), false) as identity,
    h.inhparent::int8::float8 as parent, c.relispartition as partition
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join pg_catalog.pg_index i on i.indexrelid = c.oid and c.relkind in ('i', 'I')
  left join pg_catalog.pg_inherits h on h.inhrelid = c.oid and h.inhseqno = 1
  where c.oid >= 16384 and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f', 'i', 'I') and n.nspname !~ '^pg_toast'`

/** What belongs to an extension is told by the extension's name. NOT NULL is told by the column. */
const OBJECTS = `select 'constraint' as kind, oid::int8::float8 as oid, null as schema, conname as name,
    conrelid::int8::float8 as relation
  from pg_catalog.pg_constraint where oid >= 16384 and conrelid <> 0 and contype not in ('n', 't')
  union all select 'trigger', oid::int8::float8, null, tgname, tgrelid::int8::float8
  from pg_catalog.pg_trigger where not tgisinternal
  union all select 'policy', oid::int8::float8, null, polname, polrelid::int8::float8 from pg_catalog.pg_policy
  union all select 'schema', oid::int8::float8, null, nspname, null
  from pg_catalog.pg_namespace where (oid >= 16384 or nspname = 'public') and nspname !~ '^pg_'
  union all select 'extension', oid::int8::float8, null, extname, null from pg_catalog.pg_extension
  union all select 'function', f.oid::int8::float8, n.nspname, f.proname, null
  from pg_catalog.pg_proc f join pg_catalog.pg_namespace n on n.oid = f.pronamespace
  where f.oid >= 16384 and not exists (
    select from pg_catalog.pg_depend d where d.classid = 1255 and d.objid = f.oid and d.deptype in ('e', 'i'))
  union all select 'type', t.oid::int8::float8, n.nspname, t.typname, null
  from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
  where t.oid >= 16384 and t.typcategory <> 'A' and t.typtype in ('b', 'c', 'd', 'e', 'r')
    and (t.typrelid = 0 or exists (select from pg_catalog.pg_class c where c.oid = t.typrelid and c.relkind = 'c'))
    and not exists (select from pg_catalog.pg_depend d where d.classid = 1247 and d.objid = t.oid and d.deptype = 'e')`

/** Bits of tgtype: 1 is FOR EACH ROW, 2 is BEFORE. */
const TRIGGERS = `select t.tgname as name, n.nspname as schema, c.relname as "table", t.tgtype::int4 as type,
    t.tgtype & 3 = 3 as "beforeRow", f.proname as function, l.lanname as language, f.prosrc as body,
    array(select a.attname::text from pg_catalog.pg_attribute a
      where a.attrelid = t.tgrelid and a.attnum = any (t.tgattr::int2[])) as columns
  from pg_catalog.pg_trigger t
  join pg_catalog.pg_class c on c.oid = t.tgrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_proc f on f.oid = t.tgfoid
  join pg_catalog.pg_language l on l.oid = f.prolang
  where not t.tgisinternal and t.tgenabled in ('O', 'A')`

const COLUMNS = `select attrelid::int8::float8 as "table", attnum as number, attname as name,
    pg_catalog.format_type(atttypid, atttypmod) as type, atttypid::text || ' ' || atttypmod as "typeKey",
    attnotnull as "notNull", atthasdef and attgenerated = '' or attidentity <> '' as "hasDefault",
    case attgenerated when 's' then 'stored' when 'v' then 'virtual' end as generated
  from pg_catalog.pg_attribute
  where attrelid >= 16384 and attnum > 0 and not attisdropped
    and attrelid in (select oid from pg_catalog.pg_class where relkind in ('r', 'p', 'f'))`

const IN_ORDER = 'order by attrelid, attnum'

const LOCKED_RELATIONS = `${RELATIONS} and c.oid in (${HELD})`
const LOCKED_COLUMNS = `${COLUMNS} and attrelid in (${HELD} and mode = 'AccessExclusiveLock') ${IN_ORDER}`
