/** Lock modes of relations as PostgreSQL's manual names them, weakest first. */
export const LOCK_MODES = [
  'ACCESS SHARE',
  'ROW SHARE',
  'ROW EXCLUSIVE',
  'SHARE UPDATE EXCLUSIVE',
  'SHARE',
  'SHARE ROW EXCLUSIVE',
  'EXCLUSIVE',
  'ACCESS EXCLUSIVE',
] as const
export type LockMode = (typeof LOCK_MODES)[number]

/** What kind of harm a finding is about. */
export const FINDING_CLASSES = [
  'destructive',
  'irreversible',
  'unknown',
  'breaking',
  'rewrite',
  'blocking',
  'non-transactional',
  'error',
  'advice',
] as const
export type FindingClass = (typeof FINDING_CLASSES)[number]

/** One thing that a statement of a migration does and that somebody should know before it runs. */
export interface Finding {
  /** Id of the rule, as in docs/rules/. */
  readonly rule: string
  readonly class: FindingClass
  /** Number of the statement within its migration, from 1; null: it is about the migration as a whole. */
  readonly statement: number | null
  /** The statement's text; null with `statement`. */
  readonly sql: string | null
  /** Line in the file, from 1; null: not known. */
  readonly line: number | null
  readonly message: string
  /** What to do instead; null: there is no better way. */
  readonly help: string | null
  /** As a person would write it: without its schema where the search_path finds it. */
  readonly table: string | null
  /** Strongest lock that the statement takes on `table`. */
  readonly lock: LockMode | null
  /** Whether the table, or an index of it, is written anew. */
  readonly rewrite: boolean
  /** Whether every row of the table is read. */
  readonly scan: boolean
  /** Whether values are lost that cannot be computed back. */
  readonly dataLoss: boolean
  /** Whether a restore point is taken before it, by default. */
  readonly restorePoint: boolean
  /** Whether somebody has to agree to it. */
  readonly approval: boolean
  /** Whether it fails the plan: there is no way to run it. */
  readonly refused: boolean
  /** Who says so. */
  readonly source: 'trace' | 'rule' | 'recorder'
}

/** Verdicts, worst first: the first that holds is a migration's. */
export const VERDICTS = ['risky', 'breaking', 'blocking', 'safe'] as const
export type Verdict = (typeof VERDICTS)[number]
