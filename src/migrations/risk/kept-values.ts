import type { PlainType } from './type-change.ts'

/** `explicit` casts cut what is too long; `assignment` refuses it. */
export type CastContext = 'explicit' | 'assignment'

/**
 * Says whether a cast back returns every value that this cast takes. Undefined for `from`: not known, so only what is true of
 * every type counts.
 */
export function keepsValues(from: PlainType | undefined, to: PlainType, cast: CastContext): boolean {
  if (from?.isArray && to.isArray) return keepsValues({ ...from, isArray: false }, { ...to, isArray: false }, cast)
  if (isUnlimitedText(to)) return true
  if (from === undefined) return cast === 'assignment' && (isLimitedText(to) || isSafeTarget(to))
  if (isSame(from, to)) return true
  if (from.isArray !== to.isArray) return cast === 'assignment' && isLimitedText(to)
  if (isLimitedText(to)) return cast === 'assignment' || widestText(from) <= (to.modifiers[0] ?? 1)
  if (BITS.has(from.name) && BITS.has(to.name)) return cast === 'assignment' || fitsBits(from, to)
  if (from.name === 'numeric') return numericKeeps(from, to)
  if (to.name === 'numeric') return NUMERIC_FROM.has(from.name) && (scaleOf(to) ?? 0) >= 0
  if (TIMES.has(to.name))
    return (TIME_TARGETS[from.name]?.has(to.name) ?? false) && precisionOf(to) >= precisionOf(from)
  if (!BUILTIN.has(to.name)) return from.name === to.name || (FREE_TARGETS.has(from.name) && !NORMALISING.has(to.name))
  return LOSSLESS[from.name]?.has(to.name) ?? false
}

const TEXTS: ReadonlySet<string> = new Set(['text', 'citext', 'varchar', 'bpchar'])
const BITS: ReadonlySet<string> = new Set(['bit', 'varbit'])

/** The text of every value is read back as that value. */
function isUnlimitedText({ name, modifiers, isArray }: PlainType): boolean {
  return !isArray && modifiers.length === 0 && TEXTS.has(name) && name !== 'bpchar'
}

function isLimitedText({ name, isArray }: PlainType): boolean {
  return !isArray && (name === 'varchar' || name === 'bpchar')
}

/** Types that PostgreSQL casts only lossless ones to, where nobody asks it for more. */
function isSafeTarget({ name, modifiers, isArray }: PlainType): boolean {
  return !isArray && modifiers.length === 0 && SAFE_TARGETS.has(name)
}

const SAFE_TARGETS: ReadonlySet<string> = new Set([
  'bool',
  'inet',
  'interval',
  'json',
  'macaddr8',
  'timestamp',
  'timestamptz',
  'uuid',
  'varbit',
])

function isSame(from: PlainType, to: PlainType): boolean {
  return from.name === to.name && from.isArray === to.isArray && `${from.modifiers}` === `${to.modifiers}`
}

/** The longest text that values of a type have, in characters. */
function widestText({ name, modifiers }: PlainType): number {
  if (name === 'varchar' || name === 'bpchar') return modifiers[0] ?? Number.POSITIVE_INFINITY
  return TEXT_WIDTHS[name] ?? Number.POSITIVE_INFINITY
}

const TEXT_WIDTHS: Readonly<Record<string, number>> = { bool: 5, int2: 6, int4: 11, int8: 20, uuid: 36 }

function fitsBits(from: PlainType, to: PlainType): boolean {
  if (to.name === 'varbit' && to.modifiers.length === 0) return true
  return to.name === 'varbit' && (from.modifiers[0] ?? Number.POSITIVE_INFINITY) <= (to.modifiers[0] ?? 1)
}

/** Digits after the point; undefined: as many as a value has. */
function scaleOf({ modifiers }: PlainType): number | undefined {
  return modifiers.length === 0 ? undefined : (modifiers[1] ?? 0)
}

function numericKeeps(from: PlainType, to: PlainType): boolean {
  const scale = scaleOf(from) ?? Number.POSITIVE_INFINITY
  if (to.name === 'numeric') return (scaleOf(to) ?? Number.POSITIVE_INFINITY) >= scale
  if (INTEGERS.has(to.name)) return scale <= 0
  return to.name === 'money' && scale <= 2
}

const INTEGERS: ReadonlySet<string> = new Set(['int2', 'int4', 'int8'])
const NUMERIC_FROM: ReadonlySet<string> = new Set([...INTEGERS, ...TEXTS, 'money'])

const TIMES: ReadonlySet<string> = new Set(['timestamp', 'timestamptz', 'time', 'timetz', 'interval'])

/** Digits of a second: those of the server are six, a date has none to lose. */
function precisionOf({ name, modifiers }: PlainType): number {
  return name === 'date' ? 0 : (modifiers.at(-1) ?? 6)
}

const TIME_TARGETS: Readonly<Record<string, ReadonlySet<string>>> = {
  date: new Set(['timestamp', 'timestamptz']),
  timestamp: new Set(['timestamp', 'timestamptz']),
  timestamptz: new Set(['timestamp', 'timestamptz']),
  time: new Set(['time', 'timetz', 'interval']),
  timetz: new Set(['timetz']),
  interval: new Set(['interval']),
}

const FROM_TEXT: ReadonlySet<string> = new Set([...INTEGERS, 'uuid', 'json'])

const LOSSLESS: Readonly<Record<string, ReadonlySet<string>>> = {
  bool: new Set(['int4']),
  bpchar: FROM_TEXT,
  cidr: new Set(['inet']),
  citext: FROM_TEXT,
  float4: new Set(['float8']),
  int2: new Set(['int4', 'int8', 'float4', 'float8', 'money']),
  int4: new Set(['int2', 'int8', 'float8', 'oid', 'money']),
  int8: new Set(['int2', 'int4', 'oid']),
  jsonb: new Set(['json']),
  macaddr: new Set(['macaddr8']),
  oid: new Set(['int4', 'int8']),
  text: FROM_TEXT,
  uuid: new Set(['bytea']),
  varchar: FROM_TEXT,
}

/** Types whose casts to a type that is none of PostgreSQL's go to an enum of these words, or to a domain over them. */
const FREE_TARGETS: ReadonlySet<string> = new Set([...TEXTS, ...INTEGERS, 'uuid', 'bool', 'date'])

/** Types of well-known extensions that write a value in a form of their own. */
const NORMALISING: ReadonlySet<string> = new Set([
  'cube',
  'geography',
  'geometry',
  'halfvec',
  'hstore',
  'isbn',
  'seg',
  'semver',
  'sparsevec',
  'vector',
])

const BUILTIN: ReadonlySet<string> = new Set([
  ...TEXTS,
  ...BITS,
  ...INTEGERS,
  ...TIMES,
  'bool',
  'box',
  'bytea',
  'char',
  'cidr',
  'circle',
  'date',
  'datemultirange',
  'daterange',
  'float4',
  'float8',
  'inet',
  'int4multirange',
  'int4range',
  'int8multirange',
  'int8range',
  'json',
  'jsonb',
  'jsonpath',
  'line',
  'lseg',
  'macaddr',
  'macaddr8',
  'money',
  'name',
  'numeric',
  'nummultirange',
  'numrange',
  'oid',
  'path',
  'pg_lsn',
  'point',
  'polygon',
  'regclass',
  'regproc',
  'regtype',
  'tsmultirange',
  'tsquery',
  'tsrange',
  'tstzmultirange',
  'tstzrange',
  'tsvector',
  'uuid',
  'xml',
])
