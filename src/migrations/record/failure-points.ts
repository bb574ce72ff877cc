const MOST_FAILURES = 200

/**
 * Chooses the queries that are made to fail, one run each: of every line the first, for each may be caught in its own way,
 * then as many of the others as there is room for.
 */
export function failurePoints(lines: readonly (number | null)[]): readonly number[] {
  const first = lines.flatMap((line, index) => (lines.indexOf(line) === index ? [index] : []))
  const others = lines.flatMap((line, index) => (lines.indexOf(line) === index ? [] : [index]))
  return [...first, ...others].slice(0, MOST_FAILURES).sort((a, b) => a - b)
}
