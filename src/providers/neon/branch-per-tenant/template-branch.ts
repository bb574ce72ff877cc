import { failpoint } from '../../../lib/failpoint.ts'
import type { ConnectionDescriptor } from '../../../model/connection.ts'
import { FleetError } from '../../../model/errors.ts'
import { formatMark, type Mark } from '../../../model/mark.ts'
import { withAdvisoryLock } from '../../../postgres/advisory-lock.ts'
import { type Client, withClient } from '../../../postgres/connect.ts'
import { quoteIdentifier, quoteLiteral } from '../../../postgres/identifiers.ts'
import { classifySqlstate, sqlstateOf } from '../../../postgres/sqlstate.ts'
import { databaseName } from '../../database-names.ts'
import type { TemplateRef, TemplateSpec } from '../../provider.ts'
import { changeSurely, kindOf } from '../change-surely.ts'
import { computeSettings } from '../compute-settings.ts'
import { connectionOf } from '../connection-of.ts'
import { endSessions } from '../end-sessions.ts'
import { explained } from '../explained.ts'
import { neonName, ownerAnnotations, unfinishedName } from '../names.ts'
import type { NeonAccount } from '../neon-account.ts'
import type { NeonBranch } from '../neon-api.ts'
import { NeonOperationError } from '../neon-operation-error.ts'
import { awaited } from '../own-server.ts'
import { waitForProject } from '../wait-for-project.ts'
import { closeBranch } from './computes.ts'
import { findOurBranch, findUnfinished } from './find-our-branch.ts'
import { prepareTemplate } from './prepare-branch.ts'
import type { SharedProject, SharedProjects } from './shared-project.ts'

export type BuildTemplate = (database: ConnectionDescriptor) => Promise<void>

/** How long another process may take to build it, in milliseconds. */
const PATIENCE_MS = 60 * 60_000
/** What nobody finishes is deleted by Neon after so long, in milliseconds. */
const EXPIRES_MS = 24 * 3_600_000
/** How often it is begun anew where others get in between. */
const TRIES = 5

/** `again`: somebody else has finished it, or given it up, meanwhile. */
type Outcome = { readonly kind: 'ready' | 'again' } | { readonly kind: 'failed'; readonly error: unknown }

const READY: Outcome = { kind: 'ready' }
const AGAIN: Outcome = { kind: 'again' }

/**
 * Makes a template: a branch of the root that `build` fills, once, however many processes ask. Its name says whether it is ready:
 * until then it has another one and a compute, in whose database who builds it holds a lock and leaves a mark before anything
 * else. Who gets the lock and finds that mark makes the branch anew. Ready, it loses its compute, and nobody gets in any more.
 * @throws FleetError DATABASE_FOREIGN, SERVICE_LIMIT and the like; what `build` throws, after the branch was deleted
 */
export async function ensureTemplateBranch(
  spec: TemplateSpec,
  build: BuildTemplate,
  { account, projects }: { readonly account: NeonAccount; readonly projects: SharedProjects },
): Promise<TemplateRef> {
  const { server, mark } = spec
  const project = await projects.ensure(mark, spec.isRetry)
  for (let tries = 1; tries <= TRIES; tries++) {
    const ready = await findOurBranch(project.projectId, mark, account)
    if (ready !== undefined) {
      await closeBranch({ projectId: project.projectId, branchId: ready.id }, account)
      return { server, database: databaseName(mark) }
    }
    const outcome = await make({ project, spec, build }, account)
    // A value until here: what `build` throws is not tried again, whatever it is.
    if (outcome.kind === 'failed') throw outcome.error
  }
  throw new FleetError('SERVICE_BUSY', `Template "${mark.key}" is made and removed by others all the time.`)
}

interface Making {
  readonly project: SharedProject
  readonly spec: TemplateSpec
  readonly build: BuildTemplate
}

async function make(making: Making, account: NeonAccount): Promise<Outcome> {
  const { project, spec } = making
  const { projectId, database, ownerRole: role } = project
  const branch = await ensureUnfinished(project, spec.mark, account)
  if (branch === undefined) return AGAIN
  failpoint('template.database-created')
  const within = { projectId, branchId: branch.id }
  let isHeld = false
  try {
    const connection = awaited(await connectionOf({ ...within, database, role }, account))
    return await withClient(connection, { applicationName: 'fleet/template' }, (client) =>
      withAdvisoryLock(
        client,
        {
          name: `template ${spec.mark.key}`,
          clock: account.clock,
          patience: PATIENCE_MS,
          refusal: () => new FleetError('SERVICE_BUSY', `Another process is building template "${spec.mark.key}".`),
        },
        () => {
          isHeld = true
          return buildIn({ ...making, branch, connection, client }, account)
        },
      ),
    )
  } catch (error) {
    // Whoever held the lock has ended all other sessions, as it does before it is ready, or removed the branch.
    const wasEnded = !isHeld && classifySqlstate(sqlstateOf(error) ?? '') === 'error'
    if (wasEnded || !(await isThere(projectId, branch, account))) return AGAIN
    throw error
  }
}

/** Returns the branch that is not ready; undefined: its making has failed for good, and it was removed. */
async function ensureUnfinished(
  { projectId, rootId }: SharedProject,
  mark: Mark,
  account: NeonAccount,
): Promise<NeonBranch | undefined> {
  const { api } = account
  const name = unfinishedName(mark)
  const find = () => findUnfinished({ projectId, name }, mark, account)
  if ((await find()) === undefined) {
    const what = `The branch of template "${mark.key}" was not made`
    const expiresAt = new Date(account.clock.now().getTime() + EXPIRES_MS)
    const annotations = ownerAnnotations(mark)
    const branch = { parentId: rootId, name, expiresAt, compute: computeSettings(account), annotations }
    const mutation = () => api.createBranch(projectId, branch)
    await changeSurely({ projectId, what, mutation, look: find }, account).catch(async (error: unknown) => {
      // Made by another process at the same time.
      if (kindOf(error) === 'exists') return
      // With a compute that does not start it would keep everybody waiting until it expires.
      const cause = error instanceof FleetError ? error.cause : undefined
      const hasFailed = cause instanceof NeonOperationError && cause.reason === 'failed'
      const failed = hasFailed ? await find() : undefined
      if (failed !== undefined) await remove(projectId, failed, account)
      throw error
    })
  }
  let found = await find()
  if (found?.state === 'init') {
    await waitForProject(projectId, account)
    found = await find()
  }
  if (found?.state !== 'init') return found
  await remove(projectId, found, account)
  return undefined
}

interface Building extends Making {
  readonly branch: NeonBranch
  readonly connection: ConnectionDescriptor
  readonly client: Client
}

async function buildIn(
  { project: { projectId }, spec: { mark, extensions }, build, branch, connection, client }: Building,
  account: NeonAccount,
): Promise<Outcome> {
  const ready = await findOurBranch(projectId, mark, account)
  if (ready !== undefined) {
    // This one was begun when that was not there to be seen yet.
    if (ready.id !== branch.id) await remove(projectId, branch, account)
    return READY
  }
  if (!(await begin(client, mark))) {
    await remove(projectId, branch, account)
    return AGAIN
  }
  try {
    await prepareTemplate(client, { mark, extensions })
    await build(connection)
  } catch (error) {
    // Should this fail as well, the next call meets a half-made one and makes it again.
    await remove(projectId, branch, account).catch(() => {})
    return { kind: 'failed', error }
  }
  failpoint('template.migrated')
  await client.query('vacuum analyze')
  await endSessions(client, connection)
  const what = `The branch of template "${mark.key}" was not given its name`
  const change = { name: neonName(mark), expiresAt: null }
  const mutation = () => account.api.updateBranch(projectId, branch.id, change)
  await changeSurely({ projectId, what, mutation, look: () => findOurBranch(projectId, mark, account) }, account)
  return READY
}

/** Marks the database as begun; false: it was, so that it may be half-made. */
async function begin(client: Client, mark: Mark): Promise<boolean> {
  const { rows } = await client.query<{ name: string; comment: string | null }>(
    `select datname::text as name, shobj_description(oid, 'pg_database') as comment
       from pg_database where datname = current_database()`,
  )
  const { name = '', comment = null } = rows[0] ?? {}
  if (comment === formatMark(mark)) return false
  await client.query(`comment on database ${quoteIdentifier(name)} is ${quoteLiteral(formatMark(mark))}`)
  return true
}

async function remove(projectId: string, { id }: NeonBranch, account: NeonAccount): Promise<void> {
  await account.change(projectId, `Branch ${id} was not deleted`, () => account.api.deleteBranch(projectId, id))
}

/** Whether a branch that was not ready is that still. */
async function isThere(projectId: string, { id, name }: NeonBranch, { api }: NeonAccount): Promise<boolean> {
  const now = await explained(`Branch ${id} was not looked at`, () => api.getBranch(projectId, id))
  return now?.name === name
}

/**
 * Deletes a template; gone is fine. False: tenants hang under it, so that Neon would not delete it.
 * @throws FleetError DATABASE_FOREIGN, and as `explained`
 */
export async function deleteTemplateBranch(
  { database }: TemplateRef,
  mark: Mark,
  { account, projects }: { readonly account: NeonAccount; readonly projects: SharedProjects },
): Promise<boolean> {
  if (database !== databaseName(mark))
    throw new FleetError('DATABASE_FOREIGN', `"${database}" does not carry the mark of template "${mark.key}".`)
  const project = await projects.find(mark)
  if (project === undefined) return true
  const { projectId } = project
  const unfinished = await findUnfinished({ projectId, name: unfinishedName(mark) }, mark, account)
  if (unfinished !== undefined) await remove(projectId, unfinished, account)
  const branch = await findOurBranch(projectId, mark, account)
  if (branch === undefined) return true
  const branches = await explained(`Project ${projectId} was not looked at`, () => account.api.listBranches(projectId))
  if (branches.some(({ parentId }) => parentId === branch.id)) return false
  try {
    await remove(projectId, branch, account)
    return true
  } catch (error) {
    // A tenant was made meanwhile.
    if (kindOf(error) === 'has-children') return false
    throw error
  }
}
