import { ANSWER_STYLES } from './answer-styles.ts'
import { STATIC_STYLES } from './static-styles.ts'
import { SURROUNDINGS_STYLES } from './surroundings-styles.ts'

/** A way in which people write migrations, and whether it sends the same to every tenant. */
export interface Style {
  readonly style: string
  readonly kind: 'static' | 'dynamic'
  /** The body of `up(db)`; `sql` is imported. */
  readonly up: string
  /** What stands above it in the file. */
  readonly head?: string
  /** `config.transaction` of the file. Default: true. */
  readonly transaction?: boolean
}

export const STYLES = [...STATIC_STYLES, ...ANSWER_STYLES, ...SURROUNDINGS_STYLES]
