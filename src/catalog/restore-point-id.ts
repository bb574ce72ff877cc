/** Returns how a restore point is called, by its number: `p7`. */
export function formatId(number: number): string {
  return `p${number}`
}

/** Returns the number of a restore point. */
export function parseId(id: string): number {
  return Number(id.slice(1))
}
