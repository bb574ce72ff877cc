import type { DynamicReason } from '../../model/assessment.ts'
import type { PreparedValue } from '../../postgres/prepare-value.ts'

/** What Kysely hands to a driver: one call, which may hold several statements where the migration wrote raw SQL. */
export interface RecordedQuery {
  readonly sql: string
  /** As node-postgres would send them: what is left of a Date, an array or an object is its text. */
  readonly parameters: readonly PreparedValue[]
  /** Line of the migration's file that sent it, from 1; null: not known. */
  readonly line: number | null
}

/** What a migration's `up` sends, and whether it sends the same to every tenant. */
export interface Recording {
  readonly migration: string
  /** `static`: every tenant is sent `queries`. `dynamic`: what is sent depends on what the tenant answers. */
  readonly kind: 'static' | 'dynamic'
  /** Of the run that read no rows; as far as it got when dynamic. */
  readonly queries: readonly RecordedQuery[]
  /** Empty when static. */
  readonly reasons: readonly DynamicReason[]
}
