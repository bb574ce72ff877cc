/** One statement as a tenant gets it. */
export interface CompiledStatement {
  /** Parameters inlined as quoted literals; no semicolon at its end. */
  readonly sql: string
  /** False: it cannot run in a transaction, and goes alone. */
  readonly transactional: boolean
  /** Whether it was sent with parameters, which a utility statement cannot take. */
  readonly parameters: boolean
  /** Line of the migration's file, from 1; null: not known. */
  readonly line: number | null
}

/** A static migration, ready to be sent. */
export interface CompiledMigration {
  readonly migration: string
  readonly statements: readonly CompiledStatement[]
  /** SHA-256 over the statements, in hex: the same for a file that was only re-formatted. */
  readonly checksum: string
}
