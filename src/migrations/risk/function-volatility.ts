import { MIXED_FUNCTIONS, STEADY_FUNCTIONS, VOLATILE_FUNCTIONS } from './builtin-functions.ts'

/** `steady`: stable or immutable. `mixed`: depends on the arguments. `unknown`: none of pg_catalog's. */
export type Volatility = 'volatile' | 'steady' | 'mixed' | 'unknown'

/** Says how a function of PostgreSQL's own behaves; its name as the parser gives it, `['pg_catalog', 'now']`. */
export function functionVolatility(words: readonly string[]): Volatility {
  const schema = words.at(-2) ?? 'pg_catalog'
  return (schema === 'pg_catalog' && BUILTIN.get(words.at(-1) ?? '')) || 'unknown'
}

const BUILTIN: ReadonlyMap<string, Volatility> = new Map([
  ...named(VOLATILE_FUNCTIONS, 'volatile'),
  ...named(MIXED_FUNCTIONS, 'mixed'),
  ...named(STEADY_FUNCTIONS, 'steady'),
])

function named(names: string, volatility: Volatility): readonly (readonly [string, Volatility])[] {
  return names
    .trim()
    .split(/\s+/)
    .map((name) => [name, volatility])
}
