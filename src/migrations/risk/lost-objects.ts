import type { LostObject, StatementTrace } from './trace-facts.ts'

const HOLDS_VALUES: ReadonlySet<LostObject['kind']> = new Set(['table', 'partition', 'column', 'sequence'] as const)

/** Says whether values are gone with an object that cannot be computed back. */
export function heldValues({ kind, generated }: LostObject): boolean {
  return HOLDS_VALUES.has(kind) && !generated
}

/** Returns the names of what a statement lost, as a person writes them. */
export function lostNames({ lost }: Pick<StatementTrace, 'lost'>): readonly string[] {
  return lost.map(({ name }) => shortName(name))
}

/** Returns a name of pg_catalog's as a person writes it: `public` is left out. */
export function shortName(name: string): string {
  return name.replace(/^public\./, '')
}

/** Returns names for a sentence, the first three of them: `` `a`, `b`, `c` and 4 more ``. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, 3).map((name) => `\`${name}\``)
  const more = names.length - shown.length
  if (more > 0) return `${shown.join(', ')} and ${more} more`
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`
}
