import type { StoredRestorePoint } from '../catalog/restore-points.ts'
import { FleetError } from '../model/errors.ts'
import { type Choice, isUsable } from './choose-restore-point.ts'

type Refused = Extract<Choice<StoredRestorePoint>, { readonly kind: 'returned' | 'expired' }>

/**
 * Returns the refusal to choose what a tenant returns to: it says what has happened since, and what there is.
 * @param facts with the tenant's restore points, the newest first
 */
export function choiceRefusal(
  tenantId: string,
  { kind, point }: Refused,
  { points, keptIsLast }: { readonly points: readonly StoredRestorePoint[]; readonly keptIsLast: boolean },
): FleetError {
  const isKept = ({ reason }: StoredRestorePoint) => reason === 'restore'
  const kept = points.find((it) => isUsable(it) && isKept(it))
  const made = points.find((it) => isUsable(it) && !isKept(it))
  const command = (it: StoredRestorePoint) => `\`fleet restore ${tenantId} --to ${it.id}\``
  const [toKept, toMade] =
    kind === 'returned' ? ['Back again', 'Further back, to'] : ['What a restore has kept', 'The one before,']
  const back = kept && `${toKept}${keptIsLast ? ', after which it can have no restore point' : ''}: ${command(kept)}.`
  const older = made && `${toMade} ${described(made)}: ${command(made)}.`
  const rows = kept && `The rows that only ${kept.id} has: \`fleet restore-point salvage ${kept.id} <folder>\`.`
  return new FleetError('RESTORE_REFUSED', kind === 'returned' ? returned(tenantId, point, points) : expired(point), {
    remedy: [back, older, rows].filter((it) => it !== undefined).join(' '),
  })
}

function returned(tenantId: string, point: StoredRestorePoint, points: readonly StoredRestorePoint[]): string {
  const isKept = point.reason === 'restore'
  const id = isKept ? point.replacedBy : point.id
  const version = points.find((it) => it.id === id)?.version
  const to = version === undefined ? id : `${id} (${version ?? 'no migration'})`
  const when = isKept ? ` at ${point.readyAt?.toISOString()}` : ''
  const before = isUsable(point) ? `what it had been is ${point.id}` : 'what it had been is gone, or has expired'
  return `Tenant "${tenantId}" was returned to ${to}${when}; ${before}.`
}

function expired({ id, readyAt, expiresAt }: StoredRestorePoint): string {
  return `The newest restore point, ${id} of ${readyAt?.toISOString()}, has expired (${expiresAt?.toISOString()}).`
}

function described({ version, readyAt }: StoredRestorePoint): string {
  return `${version ?? 'no migration'} of ${readyAt?.toISOString()}`
}
