import type { LockMode } from '../../model/finding.ts'

/** A relation's name as pg_catalog has it. */
export interface RelationName {
  readonly schema: string
  readonly name: string
}

/** What one statement did to a relation that existed before its migration (an index counts for its table). */
export interface TracedRelation extends RelationName {
  readonly kind: 'table' | 'partitioned-table' | 'view' | 'materialized-view' | 'sequence' | 'foreign-table'
  /** Strongest lock that the transaction holds on it after the statement; null: none. */
  readonly lock: LockMode | null
  /** Whether this statement took that lock or made it stronger. */
  readonly lockIsNew: boolean
  /** The table got a new file that its rows were copied into; not TRUNCATE, not WITH NO DATA. */
  readonly rewritten: boolean
  /** An index of it was built or rebuilt over all rows: a new one, or an old one with a new file. */
  readonly indexBuilt: boolean
  /** An index of it is held in ACCESS EXCLUSIVE: readers stop as they plan. */
  readonly indexLocked: boolean
  /** All rows were read by this statement. */
  readonly scanned: boolean
  /** Whether the transaction has run INSERT, UPDATE, DELETE or MERGE on it, with this statement or one before. */
  readonly written?: boolean
  /** It got a new file without the rows of the old one: TRUNCATE, WITH NO DATA. */
  readonly emptied?: boolean
  /** The table that it is a partition or child of: what is done to that one is done to it too. */
  readonly parent?: RelationName | null
}

/** Something that existed before the statement and does not exist after it. */
export interface LostObject {
  readonly kind:
    | 'table'
    | 'partition'
    | 'column'
    | 'view'
    | 'materialized-view'
    | 'sequence'
    | 'index'
    | 'foreign-table'
    | 'constraint'
    | 'trigger'
    | 'policy'
    | 'function'
    | 'type'
    | 'schema'
    | 'extension'
  /** Qualified: `public.orders`, `public.orders.phone` for a column. */
  readonly name: string
  readonly relation: RelationName | null
  /** For a column: name; a generated one holds nothing of its own. */
  readonly column: string | null
  readonly generated: boolean
}

/** A column that has another type after the statement. */
export interface RetypedColumn {
  readonly relation: RelationName
  readonly column: string
  /** As format_type shows it: `character varying(50)`. */
  readonly from: string
  readonly to: string
}

export interface ColumnFacts {
  readonly name: string
  /** As format_type shows it. */
  readonly type: string
  readonly notNull: boolean
  readonly hasDefault: boolean
  readonly generated: 'stored' | 'virtual' | null
}

/** A table as it is before a statement. */
export interface TableFacts extends RelationName {
  readonly columns: readonly ColumnFacts[]
  /** Whether it existed before the migration: what the migration itself made is nobody's loss, and blocks nobody. */
  readonly old: boolean
}

/** A trigger that is switched on, and the code behind it. */
export interface TriggerFacts {
  readonly name: string
  /** Of its table or view. */
  readonly relation: RelationName
  readonly events: readonly ('insert' | 'update' | 'delete' | 'truncate')[]
  /** Of UPDATE OF: it runs where one of these is set; none: whatever is set. */
  readonly columns: readonly string[]
  /** Whether it may give the row that is about to be written other values. */
  readonly beforeRow: boolean
  readonly function: string
  readonly language: string
  readonly body: string
}

/** What a real server did with one statement on a database without rows. */
export interface StatementTrace {
  /** Tables of the database as they were before it (no system schemas). */
  readonly before: readonly TableFacts[]
  /** Triggers as they were before it. */
  readonly triggers?: readonly TriggerFacts[]
  /** Old relations that the statement locked, rewrote, scanned or indexed. */
  readonly relations: readonly TracedRelation[]
  /** Objects that existed before the migration and are gone. */
  readonly lost: readonly LostObject[]
  /** Columns of old tables. */
  readonly retyped: readonly RetypedColumn[]
}

/** How the trace of a statement came out. */
export type TraceResult =
  | { readonly kind: 'traced'; readonly facts: StatementTrace }
  /** It runs outside a transaction: it went through, but left nothing to read. `before` is known. */
  | { readonly kind: 'ran-alone'; readonly before: readonly TableFacts[] }
  | { readonly kind: 'failed'; readonly sqlstate: string; readonly message: string; readonly needsData: boolean }
  /** Not reached, or the scratch server cannot (an extension that it lacks): never "safe". */
  | { readonly kind: 'not-traced'; readonly reason: string }

/** The trace of a migration, one result per statement. */
export interface MigrationTrace {
  readonly migration: string
  readonly statements: readonly TraceResult[]
}
