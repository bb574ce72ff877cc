import type { FindingClass, LockMode } from '../../model/finding.ts'
import type { Statement } from './statement.ts'
import type { TraceResult } from './trace-facts.ts'

/** A table as a statement names it. */
export interface TableRef {
  /** Null: left to the search_path. */
  readonly schema: string | null
  readonly name: string
}

/** One thing that a rule found in a statement. What is left out takes the rule's default, or false. */
export interface Match {
  /** Where this match does another kind of harm than its rule's others: to drop a table without rows loses nothing. */
  readonly class?: FindingClass
  readonly message: string
  readonly help?: string
  readonly table?: TableRef
  /** The rule's own opinion, for when there was no trace; where there was one, that decides. */
  readonly lock?: LockMode
  readonly rewrite?: boolean
  readonly scan?: boolean
  readonly dataLoss?: boolean
  readonly restorePoint?: boolean
  readonly approval?: Approval
}

/** `big`: when the largest target table exceeds the configured size. `refused`: there is no way to run it. */
export type Approval = 'no' | 'yes' | 'big' | 'refused'

/** What a rule may look at besides the statement itself. */
export interface RuleContext {
  readonly statements: readonly Statement[]
  /** Position of the statement among them, from 0. */
  readonly index: number
  /** Whether the statement runs in a transaction with others. */
  readonly inTransaction: boolean
  /** What this migration made before, where nothing was committed in between: nobody else has seen it yet. */
  readonly madeHere: MadeHere
  /** Undefined: nothing was traced at all (`fleet lint` without a server). */
  readonly trace: TraceResult | undefined
  /** Those of all statements of the migration; undefined with `trace`. */
  readonly traces: readonly TraceResult[] | undefined
  /** Whether the table is known to have no rows in any target. */
  readonly isEmpty: (table: TableRef) => boolean
}

export interface MadeHere {
  readonly table: (table: TableRef) => boolean
  readonly column: (table: TableRef, column: string) => boolean
  readonly type: (name: string) => boolean
  readonly schema: (name: string) => boolean
  readonly sequence: (table: TableRef) => boolean
}

/** A kind of harm and how a statement shows it. One file each in rules/, one page each in docs/rules/. */
export interface Rule {
  /** Kebab-case, the same for ever, everywhere. */
  readonly id: string
  readonly class: FindingClass
  /** One sentence for lists. */
  readonly summary: string
  readonly restorePoint: boolean
  readonly approval: Approval
  /**
   * `trace`: a match on a statement that was traced is dropped when the trace shows neither rewrite, index build nor scan of
   * its table. `rule`: the match stands.
   */
  readonly decidedBy: 'rule' | 'trace'
  readonly find: (statement: Statement, context: RuleContext) => readonly Match[]
}
