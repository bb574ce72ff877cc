import { type ErrorMeaning, EXIT } from './error-meaning.ts'

/** Ways in which the service behind a provider refuses: one that makes databases when its API is asked to, as Neon. */
export const SERVICE_ERRORS = {
  SERVICE_KEY_REFUSED: {
    means: "The provider's service does not accept the API key, or the key may not do this.",
    remedy: 'Check the API key, and that it belongs to the organization of the configuration.',
    exit: EXIT.usage,
  },
  SERVICE_UNREACHABLE: {
    means: "The API of the provider's service does not answer, or its answer was lost.",
    remedy: 'Check the network and the status page of the service, then try again: what was begun is looked for first.',
    exit: EXIT.usage,
  },
  SERVICE_BUSY: {
    means:
      "The provider's service has not done what it was asked for: it was too busy for longer than is waited, or did not come to the end.",
    remedy: 'Try again when it has finished; with several programs on one account, give each a share of the rate.',
    exit: EXIT.usage,
  },
  SERVICE_QUOTA: {
    means: 'What the account may have or use in all is reached: no tenant is at fault.',
    remedy:
      'Look at usage and billing in the console of the service, raise the plan, or remove what is no longer needed (`fleet sweep`).',
    exit: EXIT.no,
  },
  SERVICE_LIMIT: {
    means: 'A limit of the plan for one tenant is reached.',
    remedy: 'Remove what is no longer needed (`fleet sweep`, `fleet restore-point prune`), or raise the plan.',
    exit: EXIT.no,
  },
  SERVICE_REFUSED: {
    means: "The provider's service refuses what it was asked for.",
    remedy: 'Read the reason.',
    exit: EXIT.no,
  },
} as const satisfies Record<string, ErrorMeaning>
