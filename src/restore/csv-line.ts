/**
 * Writes one line of CSV as COPY reads it: null is nothing between two commas, and every value is in quotes, which makes
 * the empty string one.
 */
export function csvLine(values: readonly (string | null)[]): string {
  return `${values.map((value) => (value === null ? '' : `"${value.replaceAll('"', '""')}"`)).join(',')}\n`
}
