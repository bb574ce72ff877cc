/** Several measurements of the same thing. */
export interface Sample {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** Sums measurements up; there must be one at least. */
export function summarize(values: readonly number[]): Sample {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (index: number) => sorted[index] ?? Number.NaN
  const middle = (sorted.length - 1) / 2
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    least: at(0),
    most: at(sorted.length - 1),
  }
}

/** Returns how long `work` takes, in milliseconds. */
export async function time(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}
