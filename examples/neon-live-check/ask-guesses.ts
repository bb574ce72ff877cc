import type { Placement } from '../../src/model/tenant.ts'
import { withClient } from '../../src/postgres/connect.ts'
import { sqlstateOf } from '../../src/postgres/sqlstate.ts'
import type { RestorePointRef } from '../../src/providers/copying-provider.ts'
import { branchOf } from '../../src/providers/neon/own-server.ts'
import { type Answers, outcomeOf } from './answers.ts'
import type { ThrowAwayProject } from './throw-away-project.ts'

/** How long a session is waited for that the restore has not ended. */
const LEFT_ALONE_MS = 10_000
const KEPT = 'kept-by-the-check'

/** Asks what the emulator does because something had to be done: of restores that are in the way of something else. */
export async function askGuesses(project: ThrowAwayProject, placement: Placement, answers: Answers): Promise<void> {
  const { api } = project
  const { projectId, branchId } = branchOf(placement)
  const owner = project.connection(placement)
  const restoreTo = async (point: RestorePointRef, preserveUnderName: string) => {
    const marker = await api.getBranch(projectId, point.databaseId)
    const sourceLsn = marker?.parentLsn ?? ''
    return project.change(() =>
      api.restoreBranch(projectId, branchId, { sourceBranchId: branchId, sourceLsn, preserveUnderName }),
    )
  }
  await project.restorePoint(placement, 'p4')
  await project.query(owner, 'create table writes (at timestamptz)')
  const later = await project.restorePoint(placement, 'p5')

  await answers.ask('takenName', () => outcomeOf(restoreTo(later, 'fleet/rp/p4')))
  await answers.ask('protected', async () => {
    const protect = (isProtected: boolean) =>
      project.change(() => api.updateBranch(projectId, branchId, { isProtected }))
    await protect(true)
    try {
      return await outcomeOf(restoreTo(later, KEPT))
    } finally {
      await protect(false)
    }
  })
  await answers.ask('writing', async () => {
    const restoring = Promise.withResolvers<void>()
    const written = writeUntilCut(project, placement, restoring.promise)
    try {
      await restoreTo(later, KEPT)
    } finally {
      restoring.resolve()
    }
    return written
  })
  await tidy(project, projectId)
  await project.query(owner, 'drop table writes')
}

/** Writes as a session that nobody told of the restore, and returns the SQLSTATE that ends it. */
async function writeUntilCut(
  project: ThrowAwayProject,
  placement: Placement,
  restored: Promise<void>,
): Promise<string> {
  let isOver = false
  void restored.then(async () => {
    await project.clock.sleep(LEFT_ALONE_MS)
    isOver = true
  })
  try {
    await withClient(project.connection(placement), { applicationName: 'live-check' }, async (client) => {
      while (!isOver) await client.query('insert into writes values (now())')
    })
    return 'it goes on'
  } catch (error) {
    return sqlstateOf(error) ?? `cut without an SQLSTATE: ${error instanceof Error ? error.message : error}`
  }
}

/** Leaves as many roots as there were: those that ask after this need the places. */
async function tidy(project: ThrowAwayProject, projectId: string): Promise<void> {
  const { api } = project
  const branches = await api.listBranches(projectId)
  for (const name of ['fleet/rp/p4', 'fleet/rp/p5', KEPT]) {
    const branch = branches.find((it) => it.name === name)
    if (branch !== undefined) await project.change(() => api.deleteBranch(projectId, branch.id))
  }
}
