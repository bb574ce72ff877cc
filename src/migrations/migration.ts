import type { Kysely } from 'kysely'

/** A migration as loaded from its file. */
export interface Migration {
  /** File name without its ending, as Kysely names it. */
  readonly name: string
  /** Path of the file relative to the project, for messages. */
  readonly file: string
  /** Absolute path of the file, to find its lines in a stack. */
  readonly path: string
  /** SHA-256 of the file's bytes with line ends normalised, in hex. */
  readonly checksum: string
  readonly up: (db: Kysely<unknown>) => Promise<void>
  readonly down: ((db: Kysely<unknown>) => Promise<void>) | undefined
  /** False when the file says `export const config = { transaction: false }`. */
  readonly transaction: boolean
  /** Findings that the file accepts, by rule id, with the reason: `export const config = { allow: { 'drop-column': '…' } }`. */
  readonly allow: Readonly<Record<string, string>>
  /** Whether `up` is the `down` of the file, and the other way round; see `reverseMigration`. */
  readonly reversed?: true
}

/** Where Kysely's Migrator keeps its records in a tenant. */
export interface HistoryTables {
  readonly table: string
  readonly lockTable: string
  /** Schema of both tables; undefined: the first of the connection's search_path, as Kysely does it. */
  readonly schema: string | undefined
}

/** Limits of what a migration may take in a tenant, in milliseconds. */
export interface MigrationTimeouts {
  readonly lock: number
  readonly statement: number
  /** For steps outside a transaction. */
  readonly concurrent: number
}
