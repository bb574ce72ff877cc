import type { ExpectedTime, ServerCost, SpaceLimit } from '../model/restore-point-cost.ts'

/** A database of the sample. */
export interface SampledCopy {
  readonly bytes: number
  readonly method: string
  readonly diskBytes: number
  /** Whether nobody gets into the tenant meanwhile. */
  readonly closes: boolean
}

/** A restore point that was made there. Times are in milliseconds. */
export interface MeasuredCopy {
  readonly bytes: number
  readonly method: string
  readonly closedMs: number
  readonly tookMs: number
}

export interface CostInput {
  readonly server: string
  /** How many tenants get a restore point. */
  readonly tenants: number
  /** Of some of them, drawn by lot, or of all. */
  readonly sample: readonly SampledCopy[]
  readonly measured: readonly MeasuredCopy[]
  /** Guesses how long copying so many bytes takes, in milliseconds. */
  readonly guessMs: (method: string, bytes: number) => number
  /** What is free where the server keeps its data; null: nobody knows. */
  readonly freeBytes: number | null
  /** `restorePoints.maxBytes` of the server; undefined: no limit. */
  readonly maxBytes: number | undefined
  /** What restore points take there now. */
  readonly usedBytes: number
}

/** So much of what is free is left to tenants, and to what migrations themselves write. */
const RESERVE = 0.1
/** Standard errors to the upper end of a 95 % confidence interval. */
const SPREAD = 1.96

/**
 * Expects what restore points take on one server: sizes are those of the sample, scaled up; times are the guesses from size and
 * way of copying, corrected by how far such guesses were from what earlier restore points took.
 */
export function estimateCost(input: CostInput): ServerCost {
  const { server, tenants, sample } = input
  const disk = scaleUp(
    sample.map((it) => it.diskBytes),
    tenants,
  )
  const limits = limitsOf(input)
  return {
    server,
    tenants,
    sampled: sample.length,
    bytes: scaleUp(
      sample.map((it) => it.bytes),
      tenants,
    ).expected,
    diskBytes: disk.expected,
    mostDiskBytes: disk.most,
    ...timesOf(input),
    limits,
    fits: sample.length === 0 || limits.length === 0 ? null : limits.every(({ room }) => disk.most <= room),
  }
}

/** The sum over all, told from some of them: exact where they are all. */
function scaleUp(values: readonly number[], all: number): { readonly expected: number; readonly most: number } {
  const count = values.length
  if (count === 0) return { expected: 0, most: 0 }
  const mean = sum(values) / count
  const expected = mean * all
  const variance = count < 2 ? 0 : sum(values.map((it) => (it - mean) ** 2)) / (count - 1)
  const unseen = Math.max(0, all - count) / all
  const error = all * Math.sqrt((variance / count) * unseen)
  return { expected: Math.round(expected), most: Math.round(expected + SPREAD * error) }
}

function limitsOf({ freeBytes, maxBytes, usedBytes }: CostInput): readonly SpaceLimit[] {
  return [
    ...(freeBytes === null ? [] : [{ kind: 'disk', room: Math.floor(freeBytes * (1 - RESERVE)) } as const]),
    ...(maxBytes === undefined ? [] : [{ kind: 'configured', room: Math.max(0, maxBytes - usedBytes) } as const]),
  ]
}

function timesOf({ sample, measured, guessMs }: CostInput): Pick<ServerCost, 'took' | 'closed' | 'measured'> {
  if (sample.length === 0) return { took: null, closed: null, measured: 0 }
  const guess = ({ method, bytes }: Pick<MeasuredCopy, 'method' | 'bytes'>) => guessMs(method, bytes)
  const methods = [...new Set(sample.map((it) => it.method))]
  // Another way of copying says nothing about this one.
  const alike = methods.map((method) => ({ method, copies: measured.filter((it) => it.method === method) }))
  const expect = (timeOf: (copy: MeasuredCopy) => number, guessed: (copy: SampledCopy) => number): ExpectedTime => {
    const factors = new Map(
      alike
        .filter(({ copies }) => sum(copies.map(guess)) > 0)
        .map(({ method, copies }) => [method, sum(copies.map(timeOf)) / sum(copies.map(guess))]),
    )
    const times = sample
      .map((copy) => {
        const factor = factors.get(copy.method)
        return factor === undefined ? guessed(copy) : guess(copy) * factor
      })
      .sort((one, other) => one - other)
    const typical = times[Math.floor((times.length - 1) / 2)] ?? 0
    return { typical: Math.round(typical), longest: Math.round(times.at(-1) ?? 0) }
  }
  return {
    took: expect(({ tookMs }) => tookMs, guess),
    closed: expect(
      ({ closedMs }) => closedMs,
      (copy) => (copy.closes ? guess(copy) : 0),
    ),
    measured: sum(alike.map(({ copies }) => copies.length)),
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, it) => total + it, 0)
}
