import type { StoredRestorePoint } from '../catalog/restore-points.ts'
import { FleetError } from '../model/errors.ts'
import type { Loss } from '../model/restore-point.ts'

/** Returns the refusal of a restore that says what would be lost, by table. */
export function lossRefusal(
  tenantId: string,
  point: StoredRestorePoint,
  loss: Exclude<Loss, { kind: 'none' }>,
): FleetError {
  const since = `since restore point ${point.id} of ${point.readyAt?.toISOString()}`
  return new FleetError('RESTORE_REFUSED', `${whatIsLost(tenantId, since, loss)}`, {
    remedy:
      'It would only be in the state that is kept. Add `--salvage <folder>` to get inserted and updated rows as files, or ' +
      '`--accept-data-loss` to restore all the same.',
  })
}

function whatIsLost(tenantId: string, since: string, loss: Exclude<Loss, { kind: 'none' }>): string {
  const tenant = `tenant "${tenantId}"`
  switch (loss.kind) {
    case 'unknown':
      return `What was written to ${tenant} ${since} is unknown: ${loss.why}.`
    case 'at-most':
      return `At most ${loss.rows === 1 ? '1 row was' : `${loss.rows} rows were`} written to ${tenant} ${since}:\n${list(loss.tables, (it) => `${it.rows}`)}`
    case 'exact':
      return `Rows of ${tenant} differ ${since}; only in the tenant are ${loss.newer}, only in the restore point ${loss.older}:\n${list(
        loss.tables,
        ({ newer, older }) => `${newer} and ${older}`,
      )}`
  }
}

function list<T extends { readonly table: string }>(tables: readonly T[], text: (it: T) => string): string {
  return tables.map((it) => `  ${it.table}  ${text(it)}`).join('\n')
}
