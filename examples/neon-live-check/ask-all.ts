import type { Placement } from '../../src/model/tenant.ts'
import { closeClient, openClient } from '../../src/postgres/connect.ts'
import { sqlstateOf } from '../../src/postgres/sqlstate.ts'
import type { RestorePointRef } from '../../src/providers/copying-provider.ts'
import { deleteBranch } from '../../src/providers/neon/delete-branch.ts'
import { lookIntoMarker } from '../../src/providers/neon/look-into-marker.ts'
import { ownerAnnotations } from '../../src/providers/neon/names.ts'
import { createNeonClient } from '../../src/providers/neon/neon-client.ts'
import { branchOf } from '../../src/providers/neon/own-server.ts'
import { createRehearsalBranch } from '../../src/providers/neon/rehearsal-branch.ts'
import { waitForProject } from '../../src/providers/neon/wait-for-project.ts'
import { type Answers, NOT_ASKED, outcomeOf } from './answers.ts'
import { askChildren } from './ask-children.ts'
import { askRestores } from './ask-restores.ts'
import { secondsSince, type ThrowAwayProject } from './throw-away-project.ts'

/** Asks all questions of a project that is made for it. Whoever calls deletes it. */
export async function askAll(project: ThrowAwayProject, answers: Answers): Promise<void> {
  const { clock } = project
  const began = clock.now().getTime()
  const placement = await project.create()
  console.log(`  made and connected to in ${secondsSince(began, clock)}`)
  await answers.ask('found', async () => project.found)
  await askRoles(project, placement, answers)

  const owner = project.connection(placement)
  await project.query(owner, 'create table rows_of_ours (id int primary key); insert into rows_of_ours values (1)')
  const first = await project.restorePoint(placement, 'p1')
  await project.query(owner, 'insert into rows_of_ours values (2)')
  let second: RestorePointRef | undefined
  await answers.ask('marker', async () => {
    second = await project.restorePoint(placement, 'p2')
    return 'yes'
  })
  if (second === undefined) throw new Error('Without a restore point there is nothing to restore to.')
  await askBranches(project, { placement, first }, answers)
  await askChildren(project, placement, answers)
  await askRestores(project, { placement, first, second }, answers)
  await askSuspension(project, placement, answers)
  await askDeletion(project, placement, answers)
}

async function askRoles(project: ThrowAwayProject, placement: Placement, answers: Answers): Promise<void> {
  await answers.ask('roles', async () => {
    const rows = await project.query(
      project.connection(placement, project.password),
      `select exists (select from pg_roles where rolname like '%neon_superuser' and pg_has_role(current_user, oid, 'member')) as member`,
    )
    return rows[0]?.member === false ? 'yes' : 'it is a member'
  })
  await answers.ask('hashed', async () => {
    const hashed = `'SCRAM-SHA-256$4096:${'A'.repeat(22)}==$${'A'.repeat(43)}=:${'A'.repeat(43)}='`
    try {
      await project.query(project.connection(placement), `create role hashed_one login password ${hashed}`)
      return 'accepted'
    } catch (error) {
      return sqlstateOf(error) ?? 'an error without SQLSTATE'
    }
  })
}

async function askBranches(
  project: ThrowAwayProject,
  { placement, first }: { readonly placement: Placement; readonly first: RestorePointRef },
  answers: Answers,
): Promise<void> {
  const { api, account } = project
  const { projectId, branchId } = branchOf(placement)
  await answers.ask('children', () =>
    outcomeOf(project.change(() => api.createBranch(projectId, { parentId: first.databaseId, name: 'child' }))),
  )
  await answers.ask('look', async () => {
    let rows: readonly unknown[] = []
    const look = async (to: Parameters<typeof project.query>[0]) => {
      rows = await project.query(to, 'select id from rows_of_ours order by id')
    }
    await lookIntoMarker(first, project.mark('restore-point', 'p1'), { look, account })
    return JSON.stringify(rows) === '[{"id":1}]' ? 'yes' : JSON.stringify(rows)
  })
  await answers.ask('childHistory', async () => {
    const mark = project.mark('rehearsal', 't1')
    const child = await createRehearsalBranch({ placement, from: null, mark }, account)
    const id = child.placement.databaseId ?? ''
    const made = await api.getBranch(projectId, id)
    const restore = { sourceBranchId: id, sourceLsn: made?.parentLsn ?? '', preserveUnderName: 'child-before' }
    const outcome = await outcomeOf(project.change(() => api.restoreBranch(projectId, id, restore)))
    if (outcome !== 'accepted') await deleteBranch({ projectId, name: 'fleet/try/t1', branchId: null }, mark, account)
    return outcome
  })
  await answers.ask('busy', async () => {
    const { apiKey, baseUrl } = account.settings
    // Repeats nothing, so that it sees what Neon says first.
    const hasty = createNeonClient({ apiKey, baseUrl, clock: project.clock, send: (_call, attempt) => attempt() })
    const marks = ['b1', 'b2'].map((key) => project.mark('rehearsal', key))
    const outcomes = await Promise.all(
      marks.map((mark) =>
        outcomeOf(
          hasty.createBranch(projectId, {
            parentId: branchId,
            name: `fleet/try/${mark.key}`,
            annotations: ownerAnnotations(mark),
          }),
        ),
      ),
    )
    await waitForProject(projectId, account)
    for (const mark of marks)
      await deleteBranch({ projectId, name: `fleet/try/${mark.key}`, branchId: null }, mark, account)
    return outcomes.find((it) => it !== 'accepted')?.replace('refused: ', '') ?? 'nothing: both are made'
  })
}

async function askSuspension(project: ThrowAwayProject, placement: Placement, answers: Answers): Promise<void> {
  const { api, clock } = project
  const { projectId, branchId } = branchOf(placement)
  const to = project.connection(placement)
  await answers.ask('cut', async () => {
    const session = await openClient(to, { applicationName: 'live-check' })
    try {
      const ended = new Promise<string>((resolve) => {
        session.on('error', (error) => resolve(sqlstateOf(error) ?? error.message))
      })
      const [endpoint] = await api.listEndpoints(projectId, branchId)
      if (endpoint === undefined) return 'there is no compute'
      await project.change(() => api.suspendEndpoint(projectId, endpoint.id))
      return await Promise.race([ended, clock.sleep(30_000).then(() => 'nothing for 30 s')])
    } finally {
      await closeClient(session)
    }
  })
  await answers.ask('wake', async () => {
    const since = clock.now().getTime()
    await project.query(to, 'select 1')
    console.log(`  awake after ${secondsSince(since, clock)}`)
    return 'yes'
  })
}

/** The last one: the project is gone after it. */
async function askDeletion(project: ThrowAwayProject, placement: Placement, answers: Answers): Promise<void> {
  const { api, account, clock } = project
  const { projectId, branchId } = branchOf(placement)
  await answers.ask('protectedProject', async () => {
    const protect = (isProtected: boolean) =>
      project.change(() => api.updateBranch(projectId, branchId, { isProtected }))
    const refusal = await protect(true).then(
      () => undefined,
      (error: Error) => error.message,
    )
    if (refusal !== undefined) return `${NOT_ASKED}: ${refusal}`
    const outcome = await outcomeOf(api.deleteProject(projectId))
    if (outcome !== 'accepted') await protect(false)
    return outcome
  })
  await answers.ask('recoverable', async () => {
    await project.delete()
    const { orgId } = account.settings
    for await (const page of api.listProjects({ recoverable: true, search: projectId, ...(orgId ? { orgId } : {}) })) {
      const until = page.projects.find(({ id }) => id === projectId)?.recoverableUntil
      if (until) return `${Math.round((until.getTime() - clock.now().getTime()) / 86_400_000)} days`
    }
    return 'it is not listed'
  })
}
