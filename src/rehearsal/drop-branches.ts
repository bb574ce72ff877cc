import {
  abandonDeadRehearsals,
  forgetBranch,
  isRecordedBranch,
  listBranches,
  type RecordedBranch,
} from '../catalog/rehearsals.ts'
import { sameMark } from '../model/mark.ts'
import { type BranchContext, branchMark } from './rehearsal-context.ts'

/** Drops a branch, and then its record. */
export async function dropBranch(branch: Omit<RecordedBranch, 'tenantId'>, context: BranchContext): Promise<void> {
  await context.provider.deleteBranch(branch, branchMark(branch.key, context))
  await forgetBranch(context.db, branch.key)
}

/**
 * Drops what rehearsals have left whose process is dead.
 * @throws FleetError DATABASE_FOREIGN, SERVER_UNREACHABLE
 */
export async function dropLeftBranches(context: BranchContext): Promise<void> {
  const { db, provider, fleet } = context
  await abandonDeadRehearsals(db)
  for (const branch of await listBranches(db)) await dropBranch(branch, context)
  // Made by one that was given up while it stood still, and then died: the mark says that it is ours, and no record whose.
  const pattern = `${fleet.replaceAll('_', '\\_')}\\_\\_rehearsal\\_%`
  for await (const { server, database, mark } of provider.findDatabases(pattern)) {
    if (mark === undefined || !sameMark(mark, branchMark(mark.key, context))) continue
    if (!(await isRecordedBranch(db, mark.key))) await provider.deleteBranch({ server, database }, mark)
  }
}

/** Drops the branches of a tenant, which hold its data, also those that are being rehearsed. */
export async function dropBranchesOf(tenantId: string, context: BranchContext): Promise<void> {
  for (const branch of await listBranches(context.db, { tenantId })) await dropBranch(branch, context)
}
