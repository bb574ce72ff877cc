import type { LockMode } from '../../model/finding.ts'
import { factsOf } from './known-tables.ts'
import type { TableRef } from './rule.ts'
import type { RelationName, StatementTrace, TracedRelation } from './trace-facts.ts'
import { isStronger } from './trace-snapshot.ts'
import { refOf, worked } from './traced-facts.ts'

/** What the server was seen to do to a table, its partitions and children included. */
export interface TracedWork {
  readonly table: TableRef
  /** Strongest lock that is held; null: none. */
  readonly lock: LockMode | null
  /** Whether this statement took it, not one before. */
  readonly lockIsNew: boolean
  /** Whether it, or an index of it, was written anew. */
  readonly rewrite: boolean
  readonly scan: boolean
}

/** Returns what a statement did to the table that a rule names; undefined: nothing to it, or it is no table that is known. */
export function workOn(facts: StatementTrace, table: TableRef): TracedWork | undefined {
  const relation = findRelation(facts, table)
  return relation && workOf(facts, relation)
}

/** Returns what a statement did to a relation. */
export function workOf(facts: StatementTrace, relation: TracedRelation): TracedWork {
  const family = facts.relations.filter((it) => belongsTo(facts, it, relation))
  const locks = family.flatMap((it) => [it.lock, it.indexLocked && !blocksWrites(it.lock) ? EXCLUSIVE : null])
  return {
    table: refOf(relation),
    lock: locks.reduce((best, lock) => (isStronger(lock, best) ? lock : best), null),
    lockIsNew: family.some((it) => it.lockIsNew || it.indexLocked),
    rewrite: family.some((it) => it.rewritten || it.indexBuilt),
    scan: family.some((it) => it.scanned || it.indexBuilt),
  }
}

/** Returns the relation that a statement did most to: with work on it, then under the strongest lock. */
export function mostTouched(facts: StatementTrace): TracedRelation | undefined {
  const touched = facts.relations.filter((it) => it.lockIsNew || it.indexLocked || worked(it))
  return touched.reduce<TracedRelation | undefined>((best, it) => (best && !isMore(it, best) ? best : it), undefined)
}

function isMore(one: TracedRelation, other: TracedRelation): boolean {
  return worked(one) === worked(other) ? isStronger(one.lock, other.lock) : worked(one)
}

/** Says whether one is the other, or a partition or child of it, however deep. */
export function belongsTo(facts: StatementTrace, one: RelationName, other: RelationName): boolean {
  const seen = new Set<string>()
  for (let at: RelationName | null | undefined = one; at; ) {
    const { schema, name }: RelationName = at
    if (schema === other.schema && name === other.name) return true
    if (seen.has(`${schema}.${name}`)) return false
    seen.add(`${schema}.${name}`)
    at = facts.relations.find((it) => it.schema === schema && it.name === name)?.parent
  }
  return false
}

/** Says whether others wait for it with their writes: SHARE and stronger. */
export function blocksWrites(lock: LockMode | null): boolean {
  return isStronger(lock, 'SHARE UPDATE EXCLUSIVE')
}

/** Says whether the trace knows the table at all: what a rule takes for one may be an index. */
export function isKnownTable(facts: StatementTrace, table: TableRef): boolean {
  return findRelation(facts, table) !== undefined || factsOf({ trace: { kind: 'traced', facts } }, table) !== undefined
}

function findRelation(facts: StatementTrace, table: TableRef): TracedRelation | undefined {
  const schema = table.schema ?? factsOf({ trace: { kind: 'traced', facts } }, table)?.schema
  return facts.relations.find((it) => it.name === table.name && (schema === undefined || schema === it.schema))
}

const EXCLUSIVE: LockMode = 'ACCESS EXCLUSIVE'
