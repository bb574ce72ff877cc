// Each answers lines of text, one per object: what it is and what it is called, then what defines it. No OIDs.

const MADE = `relnamespace::regnamespace::text !~ '^(pg_|information_schema$)'`
const ofNoExtension = (oid: string) =>
  `not exists (select from pg_depend e where e.deptype = 'e' and (e.classid, e.objid) = (${oid}))`

const RELATIONS = `
select row('relation', c.oid::regclass, relkind, relpersistence, relowner::regrole, relacl::text, reloptions::text,
  (select amname from pg_am where oid = relam), (select spcname from pg_tablespace where oid = reltablespace),
  'row security', relrowsecurity, relforcerowsecurity, 'replica identity', relreplident, 'populated', relispopulated,
  'bound', pg_get_expr(relpartbound, c.oid), 'key', case relkind when 'p' then pg_get_partkeydef(c.oid) end,
  'of', nullif(reloftype, 0)::regtype, 'inherits',
  (select string_agg(inhparent::regclass || ' ' || inhseqno || ' ' || inhdetachpending, ', ' order by inhseqno) from pg_inherits where inhrelid = c.oid),
  'view', case when relkind in ('v', 'm') then pg_get_viewdef(c.oid) end)::text
from pg_class c where ${MADE} and ${ofNoExtension(`'pg_class'::regclass, c.oid`)}`

/** From 15.20 on, PostgreSQL keeps there by which change a column came to be, which is as good as an OID. */
const COLUMN_OPTIONS = `(select array_agg(it) from unnest(attoptions) it where it !~ '^pg_attver=')::text`

const COLUMNS = `
select row('column', attrelid::regclass, attnum, attname, format_type(atttypid, atttypmod), 'not null', attnotnull,
  'default', pg_get_expr(adbin, adrelid), 'identity', attidentity, 'generated', attgenerated, 'dropped', attisdropped,
  'collation', nullif(attcollation, 0)::regcollation, 'storage', attstorage, attcompression, 'statistics', attstattarget,
  ${COLUMN_OPTIONS}, attacl::text, 'inherited', attinhcount, attislocal, 'missing', atthasmissing)::text
from pg_attribute join pg_class c on c.oid = attrelid left join pg_attrdef on adrelid = attrelid and adnum = attnum
where attnum > 0 and ${MADE}`

const CONSTRAINTS = `
select row('constraint', conname, nullif(conrelid, 0)::regclass, nullif(contypid, 0)::regtype, contype,
  pg_get_constraintdef(oid), 'validated', convalidated, 'inherited', coninhcount, conislocal, 'index', nullif(conindid, 0)::regclass,
  'parent', (select conname from pg_constraint p where p.oid = pg_constraint.conparentid))::text
from pg_constraint where connamespace::regnamespace::text !~ '^(pg_|information_schema$)'`

const INDEXES = `
select row('index', indexrelid::regclass, pg_get_indexdef(indexrelid), 'valid', indisvalid, 'ready', indisready,
  'live', indislive, 'primary', indisprimary, 'immediate', indimmediate, 'clustered', indisclustered, 'replica identity', indisreplident)::text
from pg_index join pg_class c on c.oid = indexrelid where ${MADE}`

const SEQUENCES = `
select row('sequence', c.oid::regclass, seqtypid::regtype, seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle,
  'last', (select last_value from pg_sequences where (schemaname, sequencename) = (relnamespace::regnamespace::text, relname)),
  'owned by', (select refobjid::regclass || '.' || refobjsubid || ' ' || deptype::text from pg_depend
    where classid = 'pg_class'::regclass and objid = c.oid and refobjsubid > 0 and deptype in ('a', 'i')))::text
from pg_sequence join pg_class c on c.oid = seqrelid where ${MADE}`

const FUNCTIONS = `
select row('function', oid::regprocedure, proowner::regrole, proacl::text,
  case when prokind <> 'a' then pg_get_functiondef(oid) end)::text
from pg_proc where pronamespace::regnamespace::text !~ '^(pg_|information_schema$)' and ${ofNoExtension(`'pg_proc'::regclass, pg_proc.oid`)}`

/** Those that make a foreign key work are named by OID: of them only what they call, and whether they are enabled. */
const TRIGGERS = `
select row('trigger', tgrelid::regclass, case when tgisinternal then tgfoid::regproc::text else pg_get_triggerdef(t.oid) end,
  'enabled', tgenabled, (select conname from pg_constraint where oid = tgconstraint))::text
from pg_trigger t join pg_class c on c.oid = tgrelid where ${MADE}`

const POLICIES = `
select row('policy', polname, polrelid::regclass, polcmd, polpermissive,
  (select string_agg(coalesce(nullif(role, 0)::regrole::text, 'public'), ', ' order by 1) from unnest(polroles) role),
  'using', pg_get_expr(polqual, polrelid), 'check', pg_get_expr(polwithcheck, polrelid))::text
from pg_policy`

const TYPES = `
select row('type', oid::regtype, typtype, typowner::regrole, typacl::text, 'base', nullif(typbasetype, 0)::regtype, typtypmod,
  'not null', typnotnull, 'default', typdefault, 'collation', nullif(typcollation, 0)::regcollation,
  'labels', (select string_agg(quote_literal(enumlabel), ', ' order by enumsortorder) from pg_enum where enumtypid = pg_type.oid))::text
from pg_type where typnamespace::regnamespace::text !~ '^(pg_|information_schema$)' and ${ofNoExtension(`'pg_type'::regclass, pg_type.oid`)}`

const OTHERS = `
select row('schema', nspname, nspowner::regrole, nspacl::text)::text from pg_namespace where nspname !~ '^(pg_|information_schema$)'
union all select row('extension', extname, extversion, extnamespace::regnamespace)::text from pg_extension
union all select row('rule', pg_get_ruledef(oid), ev_enabled)::text from pg_rewrite where rulename <> '_RETURN' and oid >= 16384
union all select row('statistics', pg_get_statisticsobjdef(oid), stxowner::regrole)::text from pg_statistic_ext
union all select row('default privileges', defaclrole::regrole, nullif(defaclnamespace, 0)::regnamespace, defaclobjtype, defaclacl::text)::text
  from pg_default_acl
union all select row('setting', nullif(setrole, 0)::regrole, setconfig::text)::text
  from pg_db_role_setting join pg_database d on d.oid = setdatabase where datname = current_database()
union all select row('comment', (pg_identify_object(classoid, objoid, objsubid)).type,
  (pg_identify_object(classoid, objoid, objsubid)).identity, description)::text
  from pg_description where objoid >= 16384 or (classoid = 'pg_namespace'::regclass and objoid = 'public'::regnamespace)`

/** What none of the queries above tells of, by its name at least: operators, casts, publications and their like. */
const REST = `
select distinct row('object', (pg_identify_object(classid, objid, 0)).type, (pg_identify_object(classid, objid, 0)).identity)::text
from pg_depend d where objid >= 16384 and deptype <> 'e' and classid not in (${[
  'pg_class',
  'pg_attrdef',
  'pg_constraint',
  'pg_proc',
  'pg_trigger',
  'pg_policy',
  'pg_type',
  'pg_rewrite',
  'pg_namespace',
  'pg_extension',
  'pg_statistic_ext',
  'pg_default_acl',
]
  .map((catalog) => `'${catalog}'::regclass`)
  .join(', ')}) and ${ofNoExtension('d.classid, d.objid')}`

export const CATALOG_QUERIES: readonly string[] = [
  RELATIONS,
  COLUMNS,
  CONSTRAINTS,
  INDEXES,
  SEQUENCES,
  FUNCTIONS,
  TRIGGERS,
  POLICIES,
  TYPES,
  OTHERS,
  REST,
]
