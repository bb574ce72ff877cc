import { Secret } from '../../src/model/secret.ts'
import type { Placement } from '../../src/model/tenant.ts'
import { quoteIdentifier, quoteLiteral } from '../../src/postgres/identifiers.ts'
import { SQLSTATE, sqlstateOf } from '../../src/postgres/sqlstate.ts'
import type { RestorePointRef } from '../../src/providers/copying-provider.ts'
import { connectionOf } from '../../src/providers/neon/connection-of.ts'
import { deleteBranch } from '../../src/providers/neon/delete-branch.ts'
import { branchOf, databaseAt } from '../../src/providers/neon/own-server.ts'
import { restoreBranch } from '../../src/providers/neon/restore-branch.ts'
import { type Answers, outcomeOf } from './answers.ts'
import { askGuesses } from './ask-guesses.ts'
import { secondsSince, type ThrowAwayProject } from './throw-away-project.ts'

interface Points {
  readonly placement: Placement
  readonly first: RestorePointRef
  readonly second: RestorePointRef
}

/** Restores to the second restore point, looks at all that came of it, and then goes back and forth once more. */
export async function askRestores(project: ThrowAwayProject, points: Points, answers: Answers): Promise<void> {
  const { placement, first, second } = points
  const { api, account } = project
  const { projectId, branchId } = branchOf(placement)
  const newPassword = new Secret(`${project.password.reveal()}2`)
  await project.query(
    project.connection(placement),
    `insert into rows_of_ours values (3);
     alter role ${quoteIdentifier(placement.loginRole ?? '')} password ${quoteLiteral(newPassword.reveal())}`,
  )
  const before = await look(project, placement)
  let kept: RestorePointRef | undefined
  await answers.ask('rows', async () => {
    kept = await restore(project, placement, { point: second, to: 'p2', keepAs: 'k1' })
    return rowsAre(project, placement, [1, 2])
  })
  if (kept === undefined) return
  const keptId = kept.databaseId
  await answers.ask('ids', async () => {
    const after = await look(project, placement)
    return JSON.stringify(after) === JSON.stringify(before)
      ? 'yes'
      : `${JSON.stringify(before)} → ${JSON.stringify(after)}`
  })
  await answers.ask('roots', async () => {
    const [tenant, old] = await Promise.all([branchId, keptId].map((id) => api.getBranch(projectId, id)))
    if (tenant?.parentId === null && old?.parentId === null) return 'both'
    return `it: parent ${tenant?.parentId}, what was kept: parent ${old?.parentId}`
  })
  await answers.ask('annotations', async () => {
    const [tenant, old] = await Promise.all([branchId, keptId].map((id) => api.getBranch(projectId, id)))
    const [itHas, oldHas] = [tenant, old].map((it) => it?.annotations?.fleet !== undefined)
    return itHas ? (oldHas ? 'both' : 'the restored one') : oldHas ? 'what was kept' : 'neither'
  })
  await answers.ask('moved', async () => {
    const older = await api.getBranch(projectId, first.databaseId)
    if (older?.parentId === keptId && older.expiresAt !== null) return 'yes'
    return `parent ${older?.parentId}, expires ${older?.expiresAt?.toISOString() ?? 'never'}`
  })
  await answers.ask('earlier', async () => {
    const older = await api.getBranch(projectId, first.databaseId)
    const wanted = { parentId: branchId, parentLsn: older?.parentLsn ?? '', name: 'earlier', compute: {} }
    const { branch } = await project.change(() => api.createBranch(projectId, wanted))
    const to = await connectionOf({ projectId, branchId: branch.id, database: databaseAt(placement) }, account)
    const rows = await project.query(to, 'select id from rows_of_ours order by id')
    await project.change(() => api.deleteBranch(projectId, branch.id))
    return JSON.stringify(rows) === '[{"id":1}]' ? 'yes' : JSON.stringify(rows)
  })
  await answers.ask('passwords', async () => {
    if (await logsIn(project, placement, newPassword)) return 'the new one'
    return (await logsIn(project, placement, project.password)) ? 'the old one' : 'neither'
  })
  await answers.ask('keptBlocked', () => outcomeOf(project.change(() => api.deleteBranch(projectId, keptId))))
  await answers.ask('keptDeleted', async () => {
    const mark = project.mark('restore-point', 'p1')
    await deleteBranch({ projectId, name: 'fleet/rp/p1', branchId: first.databaseId }, mark, account)
    return outcomeOf(project.change(() => api.deleteBranch(projectId, keptId)))
  })
  await askGuesses(project, placement, answers)
  await askUndo(project, placement, answers)
}

/** Restores once more, and then returns to what that has kept: a restore from another root. */
async function askUndo(project: ThrowAwayProject, placement: Placement, answers: Answers): Promise<void> {
  const { api } = project
  const { projectId, branchId } = branchOf(placement)
  const third = await project.restorePoint(placement, 'p3')
  await project.query(project.connection(placement), 'insert into rows_of_ours values (4)')
  const kept = await restore(project, placement, { point: third, to: 'p3', keepAs: 'k2' })
  let original: RestorePointRef | undefined
  await answers.ask('undoRows', async () => {
    original = await restore(project, placement, { point: kept, to: 'k2', keepAs: 'k3' })
    return rowsAre(project, placement, [1, 2, 4])
  })
  if (original === undefined) return
  const originalId = original.databaseId
  await answers.ask('undoRoot', async () =>
    (await api.getBranch(projectId, branchId))?.parentId === null ? 'yes' : 'no',
  )
  await answers.ask('undoHistory', async () => {
    const [row] = await project.query(project.connection(placement), 'select pg_current_wal_flush_lsn()::text as lsn')
    const request = { sourceBranchId: branchId, sourceLsn: String(row?.lsn), preserveUnderName: 'after-undo' }
    return outcomeOf(project.change(() => api.restoreBranch(projectId, branchId, request)))
  })
  await answers.ask('undoDelete', () => outcomeOf(project.change(() => api.deleteBranch(projectId, originalId))))
}

async function restore(
  project: ThrowAwayProject,
  placement: Placement,
  { point, to, keepAs }: { readonly point: RestorePointRef; readonly to: string; readonly keepAs: string },
): Promise<RestorePointRef> {
  const mark = project.mark(to.startsWith('k') ? 'kept-state' : 'restore-point', to)
  const request = { placement, point, mark, keptMark: project.mark('kept-state', keepAs) }
  const since = project.clock.now().getTime()
  const { kept } = await restoreBranch(request, async () => {}, project.account)
  console.log(`  restored to ${to} in ${secondsSince(since, project.clock)}`)
  if (kept === null) throw new Error(`What the restore to ${to} should have kept is gone.`)
  return kept
}

/** What a restore should leave as it is. The address itself is in use: each question connects to what it was at first. */
async function look({ api }: ThrowAwayProject, placement: Placement): Promise<unknown> {
  const { projectId, branchId } = branchOf(placement)
  const [branch, endpoints] = await Promise.all([
    api.getBranch(projectId, branchId),
    api.listEndpoints(projectId, branchId),
  ])
  const { database, user } = placement.own?.address ?? { database: '', user: '' }
  const uri = new URL((await api.getConnectionUri(projectId, { branchId, database, role: user })).reveal())
  return { branch: branch?.id, computes: endpoints.map(({ id }) => id), host: uri.host }
}

async function rowsAre(project: ThrowAwayProject, placement: Placement, ids: readonly number[]): Promise<string> {
  const rows = await project.query(project.connection(placement), 'select id from rows_of_ours order by id')
  const found = rows.map(({ id }) => id)
  return JSON.stringify(found) === JSON.stringify(ids) ? 'yes' : `there are ${JSON.stringify(found)}`
}

async function logsIn(project: ThrowAwayProject, placement: Placement, password: Secret): Promise<boolean> {
  try {
    await project.query(project.connection(placement, password), 'select 1')
    return true
  } catch (error) {
    if (
      sqlstateOf(error) === SQLSTATE.invalidPassword ||
      (error as { code?: unknown }).code === 'AUTHENTICATION_FAILED'
    )
      return false
    throw error
  }
}
