import type { Finding, Verdict } from './finding.ts'

/** Why a migration has to run live, tenant by tenant. */
export interface DynamicReason {
  /** One sentence: what was read, or what differed. */
  readonly message: string
  /** The query whose result was read, or the first that differed; null: none in particular. */
  readonly sql: string | null
  /** Line of the migration's file, from 1; null: not known. */
  readonly line: number | null
}

/** A finding that the file accepts, and why. */
export interface WaivedFinding extends Finding {
  readonly reason: string
}

/** What is known of a migration before any tenant gets it. */
export interface MigrationAssessment {
  /** `static`: every tenant is sent the same, as recorded. `dynamic`: it runs live. */
  readonly kind: 'static' | 'dynamic'
  /** Why it is dynamic; empty when static. */
  readonly reasons: readonly DynamicReason[]
  /** SHA-256 over the recorded statements, in hex; null when dynamic. */
  readonly sqlChecksum: string | null
  readonly verdict: Verdict
  readonly findings: readonly Finding[]
  readonly waived: readonly WaivedFinding[]
  /** Ids of rules that the file waives and that found nothing. */
  readonly unusedWaivers: readonly string[]
  /** Whether a tenant that lacks it gets a restore point, as `restorePoints.take` says by default. */
  readonly restorePoint: boolean
  /** The server that it was traced on, such as `PostgreSQL 18.4`; null: none. */
  readonly tracedOn: string | null
  /** Why it was not, or not whole, in a sentence; null: it was. */
  readonly notTraced: string | null
}
