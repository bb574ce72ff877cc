import { FleetError, type FleetErrorCode } from '../../model/errors.ts'
import type { NeonErrorKind } from './errors.ts'
import type { NeonApiError } from './neon-api-error.ts'
import { NeonOperationError } from './neon-operation-error.ts'
import { oneLine } from './one-line.ts'

interface Explanation {
  readonly code: FleetErrorCode
  /** Ends the sentence; absent: in Neon's words. */
  readonly says?: (error: NeonApiError) => string
  /** Absent: that of the code. */
  readonly remedy?: string
}

const LOOK = "Look at the project in Neon's console, or with `fleet doctor`."

const EXPLANATIONS: Readonly<Record<NeonErrorKind, Explanation>> = {
  unauthorized: { code: 'SERVICE_KEY_REFUSED' },
  unavailable: {
    code: 'SERVICE_UNREACHABLE',
    says: (it) => (it.status === null ? `its API cannot be reached (${it.code})` : 'its API is not available'),
  },
  'not-served': {
    code: 'SERVICE_REFUSED',
    remedy: 'Nothing was done. Do without it, or ask Neon, with the id of the request.',
  },
  lost: {
    code: 'SERVICE_UNREACHABLE',
    says: (it) => `no answer of its own came${it.changes ? ', and it may have been done all the same' : ''}`,
  },
  untrusted: {
    code: 'SERVICE_UNREACHABLE',
    says: (it) => `its certificate is not accepted (${it.code})`,
    remedy:
      'Check the base URL, and what stands between here and Neon; a CA of your own is named in NODE_EXTRA_CA_CERTS.',
  },
  locked: { code: 'SERVICE_BUSY', says: () => 'other operations of the project have not ended' },
  'not-ready': { code: 'SERVICE_BUSY', says: () => 'the branch is still being made' },
  'rate-limited': { code: 'SERVICE_BUSY', says: () => 'its rate limit does not let it through' },
  limit: { code: 'SERVICE_LIMIT', says: (it) => `the plan allows no more ${it.limit?.of ?? 'of them'}` },
  quota: { code: 'SERVICE_QUOTA' },
  plan: { code: 'SERVICE_REFUSED', remedy: 'Correct the value in the configuration, or change the plan.' },
  invalid: { code: 'SERVICE_REFUSED', remedy: 'Correct the value in the configuration.' },
  'no-password': {
    code: 'SERVICE_REFUSED',
    remedy: 'Let Neon store passwords in this project, or adopt it by its URL.',
  },
  exists: { code: 'SERVICE_REFUSED', remedy: LOOK },
  gone: { code: 'SERVICE_REFUSED', says: () => 'it is gone, or the key may not see it', remedy: LOOK },
  protected: { code: 'SERVICE_REFUSED', remedy: 'Lift the protection of the branch, if that is meant, and try again.' },
  'has-children': { code: 'SERVICE_REFUSED', remedy: 'Delete the branches that hang under it first.' },
  unknown: { code: 'SERVICE_REFUSED', remedy: 'Look up the request id with Neon, or run `fleet doctor`.' },
}

/**
 * Says to users what became of a call, or of the operations that it began, as the end of `what`, e.g. `The project of tenant "a"
 * was not made`. The cause holds nothing secret.
 */
export function explainNeonError(error: NeonApiError | NeonOperationError, what: string): FleetError {
  const { code, reason, remedy } = error instanceof NeonOperationError ? ofOperation(error) : ofCall(error)
  return new FleetError(code, `${what}. Neon: ${reason}.`, {
    cause: error,
    ...(remedy === undefined ? {} : { remedy }),
  })
}

function ofCall(error: NeonApiError) {
  const { says, remedy, ...known } = EXPLANATIONS[error.kind]
  const code = error.limit?.accountWide ? 'SERVICE_QUOTA' : known.code
  const quoted = error.answer ? `"${error.answer}"` : `an answer that is not its own (${error.status ?? error.code})`
  return { code, remedy, reason: `${says?.(error) ?? quoted} (request ${error.requestId})` }
}

function ofOperation({ reason, operation: { action, error, id } }: NeonOperationError) {
  if (reason === 'overdue') {
    return {
      code: 'SERVICE_BUSY',
      reason: `${action} has not ended in time (operation ${id})`,
      remedy: undefined,
    } as const
  }
  const why = error ? `: "${oneLine(error)}"` : ''
  // Accepted, and not done: what has become of it, only a look tells.
  return { code: 'SERVICE_BUSY', reason: `${action} failed${why} (operation ${id})`, remedy: LOOK } as const
}
