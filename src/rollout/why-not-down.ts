import type { MigrationAssessment } from '../model/assessment.ts'
import type { Finding } from '../model/finding.ts'

/** What is known of a migration that tenants would have to take back, before its `down` is looked into. */
export interface TakenBack {
  /** Undefined: there is none by now. */
  readonly file: { readonly checksum: string; readonly transaction: boolean; readonly hasDown: boolean } | undefined
  /** Of the file that tenants applied; null: not known. */
  readonly checksum: string | null
  /** What was found of its `up` by the plans of the rollouts that are taken back. */
  readonly up: readonly MigrationAssessment[]
}

/**
 * Says why a migration cannot be taken back by its `down`, whatever that does; undefined: it may be. What its `up` took away
 * is not in the tenant any more: a `down` that loses nothing does not bring it back.
 */
export function whyNotDown({ file, checksum, up }: TakenBack): string | undefined {
  if (file === undefined) return 'there is no file for it'
  if (file.checksum !== checksum) return 'its file is not the one that was applied'
  if (!file.transaction) return 'it runs outside a transaction'
  if (!file.hasDown) return 'it has no `down`'
  if (up.length === 0) return 'no rollout that is taken back has applied it'
  const loss = up.flatMap(foundOf).find(loses)
  return loss && `only a restore brings back what it may have lost: ${messageOf(loss)}`
}

/** Says why a `down` is not sent to tenants: it is not certain to lose nothing; undefined: it is. */
export function whyNotLossless(down: MigrationAssessment): string | undefined {
  if (down.kind === 'dynamic') return `its \`down\` cannot be recorded: ${down.reasons[0]?.message ?? ''}`
  const refused = foundOf(down).find((it) => it.refused || it.class === 'error')
  if (refused !== undefined) return `its \`down\` cannot run: ${refused.message}`
  // Before what could not be traced, which is a finding itself where it was tried.
  const loss = foundOf(down).find(loses)
  if (loss !== undefined) return `its \`down\` may lose something: ${messageOf(loss)}`
  if (down.notTraced !== null) return `its \`down\` was not traced: ${down.notTraced}`
  return down.restorePoint ? 'its `down` may lose something' : undefined
}

/** A waiver says that somebody knows what is lost, not that it is not. */
function foundOf({ findings, waived }: MigrationAssessment): readonly Finding[] {
  return [...findings, ...waived]
}

/** What rules say of a migration that is to come is not said of one that is taken back. */
function messageOf({ message }: Finding): string {
  return message.replace(/; a restore point is taken first\.$/, '.')
}

function loses({ restorePoint, dataLoss }: Finding): boolean {
  return restorePoint || dataLoss
}
