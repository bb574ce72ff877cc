import type { DynamicReason } from '../../model/assessment.ts'
import type { MigrationFile } from '../list-migration-files.ts'
import type { RecordedQuery } from './recording.ts'
import type { Skew } from './skew-random.ts'

/**
 * What is to happen in a recorder's process before the first migration is loaded: reading a configuration, letting
 * migrations resolve packages. Migrations get no environment, whatever it was given.
 */
export interface RecorderSetup {
  /** URL of a module that exports `setUpRecorder(argument): Promise<readonly KyselyPlugin[]>`. */
  readonly module: string
  /** For that function; a value of JSON. */
  readonly argument: unknown
  /** What of our environment, passwords included, it is given. Default: all, for a configuration may need it. */
  readonly environment?: 'all' | 'none'
}

/** What a recorder's process is started with, as its only argument. */
export interface StartRecorder {
  /** How far its clock is ahead, in milliseconds. */
  readonly clockShift: number
  readonly random: Skew
  readonly setup: RecorderSetup | null
}

/** Asks for one migration. */
export interface RecordRequest {
  readonly file: MigrationFile
  /** Whether it is the file's `down` that runs. */
  readonly reversed: boolean
  /** Once, as a tenant without rows; or then with every kind of answer, too. */
  readonly runs: 'once' | 'all'
}

export type RecorderMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'not-ready'; readonly message: string }
  /** Sent before the other runs, so that it is known even when one of them does not end. */
  | { readonly kind: 'base'; readonly queries: readonly RecordedQuery[] }
  | { readonly kind: 'done'; readonly reasons: readonly DynamicReason[] }
  /** Something failed that nobody waited for: what state the process is in, nobody knows. */
  | { readonly kind: 'broken'; readonly message: string }
