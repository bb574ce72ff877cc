/** A migration and what it does to a database with rows, on PostgreSQL 18. `bench/risk/measure-truth.ts` checks `longLock`. */
export interface RiskCase {
  /** One migration: its statements. */
  readonly sql: readonly string[]
  /** Before the migration, after the shared schema. */
  readonly setup?: string
  /** A table is held in SHARE or stronger (or an index in ACCESS EXCLUSIVE) while it is rewritten, indexed or read whole. */
  readonly longLock: boolean
  /** Values are gone afterwards that cannot be computed back. */
  readonly dataLoss: boolean
  /** It runs outside a transaction: no locks are left to be measured. */
  readonly alone?: boolean
}

/** Neither. */
export const quick = (...sql: string[]): RiskCase => ({ sql, longLock: false, dataLoss: false })
/** A long lock. */
export const long = (...sql: string[]): RiskCase => ({ sql, longLock: true, dataLoss: false })
/** Values are lost, without a long lock. */
export const loses = (...sql: string[]): RiskCase => ({ sql, longLock: false, dataLoss: true })
/** Both. */
export const longAndLoses = (...sql: string[]): RiskCase => ({ sql, longLock: true, dataLoss: true })
/** A case with statements before it. */
export const having = (setup: string, it: RiskCase): RiskCase => ({ ...it, setup })
/** A case that runs outside a transaction. */
export const alone = (it: RiskCase): RiskCase => ({ ...it, alone: true })
