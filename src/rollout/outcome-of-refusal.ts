import { applyError } from '../migrations/apply-error.ts'
import type { ApplyOutcome } from '../migrations/apply-outcome.ts'
import { describeApplyError } from '../migrations/describe-apply-error.ts'
import { FleetError, type FleetErrorCode } from '../model/errors.ts'

type Refusal = Exclude<ApplyOutcome, { kind: 'applied' }>

/** Refusals that are not the tenant's fault. */
const KINDS: Readonly<Partial<Record<FleetErrorCode, Refusal['kind']>>> = {
  CLIENTS_NOT_PAUSED: 'error',
  DATABASE_IN_USE: 'busy',
  TENANT_BUSY: 'busy',
  RIGHT_MISSING: 'rights',
  SERVICE_UNREACHABLE: 'service-away',
  SERVICE_BUSY: 'error',
  SERVICE_KEY_REFUSED: 'rights',
  SERVICE_QUOTA: 'server',
}

/** Says what stands in the way before a tenant is migrated: a refusal is its failure, anything else is told by its SQLSTATE. */
export function outcomeOfRefusal(error: unknown): Refusal {
  const outcome = describeApplyError(applyError('connect', error), undefined, null)
  if (!(error instanceof FleetError)) return outcome
  const kind = kindOf(error)
  // What waits for a person says what the person can do: the error itself is not kept.
  const message = kind === 'failure' ? `${outcome.message} ${error.remedy}` : outcome.message
  return { ...outcome, kind, message, sqlstate: null }
}

function kindOf({ code, cause }: FleetError): Refusal['kind'] {
  // Of a server that is reached and lacks the database, it is said as well.
  if (code === 'SERVER_UNREACHABLE') return describeApplyError(applyError('connect', cause), undefined, null).kind
  return KINDS[code] ?? 'failure'
}
