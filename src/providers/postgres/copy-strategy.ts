import { majorOf, type ServerVersion } from '../../postgres/server-version.ts'
import type { ServerCapabilities } from '../provider.ts'

/**
 * How CREATE DATABASE copies: `wal-log` through the log, without a checkpoint; `file-copy` file by file, between two
 * checkpoints; `clone` by reference; `default`: a server that offers no choice.
 */
export type CopyStrategy = 'default' | 'wal-log' | 'file-copy' | 'clone'

export interface CopyCircumstances {
  readonly version: ServerVersion
  readonly clone: ServerCapabilities['clone']
  readonly templateBytes: number
  /** `one`: somebody waits for it; `many`: others are being made at the same time. */
  readonly purpose: 'one' | 'many'
}

const MB = 1024 * 1024
/** Up to here the two checkpoints of a clone take longer than copying does. */
const CLONE_FROM = 50 * MB
/** Up to here copying through the log costs less than two checkpoints. */
const FILE_COPY_FROM = 100 * MB

/** Chooses how to copy a template. The borders were read off measurements; they stand only here. */
export function copyStrategy({ version, clone, templateBytes, purpose }: CopyCircumstances): CopyStrategy {
  if (majorOf(version) < 15) return 'default'
  if (clone === 'yes' && (purpose === 'many' || templateBytes > CLONE_FROM)) return 'clone'
  return templateBytes > FILE_COPY_FROM ? 'file-copy' : 'wal-log'
}

/**
 * Begin, in milliseconds, and rate, in bytes per millisecond, of each: read off the same measurements, on the slow side. Those of a
 * dump are a guess, until restore points of that server tell better.
 */
const COST: Readonly<Record<CopyStrategy | 'dump', { readonly begin: number; readonly rate: number }>> = {
  default: { begin: 200, rate: 80_000 },
  'wal-log': { begin: 200, rate: 80_000 },
  'file-copy': { begin: 500, rate: 400_000 },
  clone: { begin: 500, rate: Number.POSITIVE_INFINITY },
  dump: { begin: 1_000, rate: 20_000 },
}

/**
 * Guesses how long copying so many bytes takes, in milliseconds, by a way that was written down by whatever release: an
 * unknown one counts as the slowest. Other disks and other load make other times.
 */
export function guessCopyMs(method: string, bytes: number): number {
  const { begin, rate } = COST[Object.hasOwn(COST, method) ? (method as keyof typeof COST) : 'default']
  return Math.round(begin + bytes / rate)
}

/** Says whether knowing more about clone would change how such a template is copied to one tenant. */
export function cloneMatters({
  version,
  templateBytes,
}: Pick<CopyCircumstances, 'version' | 'templateBytes'>): boolean {
  return majorOf(version) >= 18 && templateBytes > CLONE_FROM
}
