import type { ConnectionDescriptor } from '../../src/model/connection.ts'
import type { Placement } from '../../src/model/tenant.ts'
import { closeClient, openClient } from '../../src/postgres/connect.ts'
import { sqlstateOf } from '../../src/postgres/sqlstate.ts'
import { connectionOf } from '../../src/providers/neon/connection-of.ts'
import { ownerAnnotations } from '../../src/providers/neon/names.ts'
import type { NeonBranch, NewNeonBranch } from '../../src/providers/neon/neon-api.ts'
import { branchOf, databaseAt, OWNER } from '../../src/providers/neon/own-server.ts'
import { type Answers, outcomeOf } from './answers.ts'
import type { ThrowAwayProject } from './throw-away-project.ts'

/** What the tenant would be called, and what it would be kept as. */
const NAME = 'child-tenant'
const KEPT = 'child-kept'

/** Asks what tenants rely on that are branches: a child with its own password, a child of it, and the exchange of both. */
export async function askChildren(project: ThrowAwayProject, placement: Placement, answers: Answers): Promise<void> {
  const { api, account } = project
  const { projectId, branchId } = branchOf(placement)
  const create = async (branch: NewNeonBranch): Promise<NeonBranch> =>
    (await project.change(() => api.createBranch(projectId, branch))).branch
  const connect = (id: string) => connectionOf({ projectId, branchId: id, database: databaseAt(placement) }, account)
  const annotations = ownerAnnotations(project.tenantMark)
  const expiresAt = new Date(project.clock.now().getTime() + 3_600_000)
  const upper = await create({ parentId: branchId, name: 'child-unfinished', expiresAt, compute: {}, annotations })
  await answers.ask('lasting', async () => {
    await project.change(() => api.updateBranch(projectId, upper.id, { name: NAME, expiresAt: null }))
    const now = await api.getBranch(projectId, upper.id)
    return now?.name === NAME && now.expiresAt === null ? 'yes' : `${now?.name}, ${now?.expiresAt?.toISOString()}`
  })
  const before = await connect(upper.id)
  let to = before
  await answers.ask('ownPassword', async () => {
    await project.change(() => api.resetRolePassword(projectId, upper.id, OWNER))
    to = await connect(upper.id)
    await project.query(to, 'select 1')
    await project.query(project.connection(placement), 'select 1')
    return to.password?.reveal() === before.password?.reveal() ? 'it is the same' : 'yes'
  })
  await project.query(to, 'insert into rows_of_ours values (100)')
  let lower: NeonBranch | undefined
  await answers.ask('childMarker', async () => {
    const [head] = await project.query(to, 'select pg_current_wal_flush_lsn()::text as lsn')
    const parentLsn = String(head?.lsn)
    lower = await create({ parentId: upper.id, parentLsn, name: 'child-marker', annotations })
    const made = await api.getBranch(projectId, lower.id)
    return made?.parentLsn === parentLsn ? 'yes' : `it is at ${made?.parentLsn}`
  })
  if (lower === undefined) return
  await project.query(to, 'insert into rows_of_ours values (200)')
  await askExchange(project, { projectId, upper, lower, to, connect }, answers)
}

interface Pair {
  readonly projectId: string
  readonly upper: NeonBranch
  readonly lower: NeonBranch
  readonly to: ConnectionDescriptor
  readonly connect: (branchId: string) => Promise<ConnectionDescriptor>
}

async function askExchange(
  project: ThrowAwayProject,
  { projectId, upper, lower, to, connect }: Pair,
  answers: Answers,
): Promise<void> {
  const { api } = project
  await answers.ask('exchanged', async () => {
    for (const { id } of await api.listEndpoints(projectId, upper.id))
      await project.change(() => api.deleteEndpoint(projectId, id))
    await project.change(() => api.updateBranch(projectId, upper.id, { name: KEPT }))
    await project.change(() => api.updateBranch(projectId, lower.id, { name: NAME }))
    const now = await Promise.all([upper, lower].map(({ id }) => api.getBranch(projectId, id)))
    const seen = now.map((it) => `${it?.name} ${Object.keys(it?.annotations ?? {}).toSorted()}`)
    const all = [KEPT, NAME].map((name) => `${name} catalog,fleet`)
    return JSON.stringify(seen) === JSON.stringify(all) ? 'yes' : seen.join('; ')
  })
  await answers.ask('newHost', async () => {
    await project.change(() => api.createEndpoint(projectId, lower.id))
    const rows = await project.query(await connect(lower.id), 'select id from rows_of_ours where id >= 100 order by id')
    return JSON.stringify(rows) === '[{"id":100}]' ? 'yes' : JSON.stringify(rows)
  })
  await answers.ask('oldHost', () => answerOf(to))
  await answers.ask('upperBlocked', () => outcomeOf(project.change(() => api.deleteBranch(projectId, upper.id))))
  await answers.ask('freeName', async () => {
    await project.change(() => api.deleteBranch(projectId, lower.id))
    await project.change(() => api.deleteBranch(projectId, upper.id))
    const parentId = upper.parentId ?? ''
    const again = await project.change(() => api.createBranch(projectId, { parentId, name: NAME }))
    await project.change(() => api.deleteBranch(projectId, again.branch.id))
    return 'yes'
  })
}

/** Says what who connects gets. */
async function answerOf(to: ConnectionDescriptor): Promise<string> {
  try {
    await closeClient(await openClient(to, { applicationName: 'live-check' }))
    return 'a session'
  } catch (error) {
    const sqlstate = sqlstateOf(error)
    return sqlstate === undefined || sqlstate.startsWith('08') ? 'nobody listens' : sqlstate
  }
}
