import { type ErrorMeaning, EXIT } from './error-meaning.ts'

/** Ways in which Neon refuses. */
export const NEON_ERRORS = {
  NEON_KEY_REFUSED: {
    means: 'Neon does not accept the API key, or the key may not do this.',
    remedy: 'Check the API key, and that it belongs to the organization of the configuration.',
    exit: EXIT.usage,
  },
  NEON_UNREACHABLE: {
    means: "Neon's API does not answer, or its answer was lost.",
    remedy: 'Check the network and the status of Neon, then try again: what was begun is looked for first.',
    exit: EXIT.usage,
  },
  NEON_BUSY: {
    means:
      'Neon has not done what it was asked for: it was too busy for longer than is waited, or did not come to the end.',
    remedy: 'Try again when it has finished; with several programs on one account, give each a share of the rate.',
    exit: EXIT.usage,
  },
  NEON_QUOTA: {
    means: 'What the Neon account may have or use in all is reached: no tenant is at fault.',
    remedy:
      "Look at usage and billing in Neon's console, raise the plan, or remove what is no longer needed (`fleet sweep`).",
    exit: EXIT.no,
  },
  NEON_LIMIT: {
    means: 'A limit of the Neon plan for one project is reached.',
    remedy: 'Remove what is no longer needed (`fleet sweep`, `fleet restore-point prune`), or raise the plan.',
    exit: EXIT.no,
  },
  NEON_REFUSED: {
    means: 'Neon refuses what it was asked for.',
    remedy: 'Read the reason.',
    exit: EXIT.no,
  },
} as const satisfies Record<string, ErrorMeaning>
