import type { TableRef } from './rule.ts'

/** The largest table of that name in the fleet. */
export interface TableSize {
  /** As the server estimates them. */
  readonly rows: number
  /** With indexes. */
  readonly bytes: number
  /** Whose it is; null: not known. */
  readonly tenant: string | null
}

/** What is known of how large tables are, and from where on the plan asks before work on one. */
export interface TableSizes {
  readonly of: (table: TableRef) => TableSize | undefined
  readonly bigRows: number
  readonly bigBytes: number
}

/** Where nobody knows how large tables are: nothing is big. From a million rows or 1 GB on it would be. */
export const UNKNOWN_SIZES: TableSizes = { of: () => undefined, bigRows: 1_000_000, bigBytes: 1_073_741_824 }

/** Says whether work on a table of this size needs approval; one of unknown size does not. */
export function isBig(size: TableSize | undefined, { bigRows, bigBytes }: TableSizes): boolean {
  return size !== undefined && (size.rows >= bigRows || size.bytes >= bigBytes)
}

/** Says how large: "largest: tenant `acme`, ~12 million rows". */
export function describeSize({ rows, tenant }: TableSize): string {
  return `largest: ${tenant === null ? '' : `tenant \`${tenant}\`, `}~${roughly(rows)} rows`
}

/** Two digits are as much as an estimate is worth. */
function roughly(rows: number): string {
  const [unit, word] = UNITS.find(([least]) => rows >= least) ?? [1, '']
  const count = Number((rows / unit).toPrecision(2))
  return `${count.toLocaleString('en-US')}${word}`
}

const UNITS = [
  [1_000_000_000, ' billion'],
  [1_000_000, ' million'],
] as const
