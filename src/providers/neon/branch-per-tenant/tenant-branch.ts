import { randomBytes } from 'node:crypto'
import { failpoint } from '../../../lib/failpoint.ts'
import { FleetError } from '../../../model/errors.ts'
import type { Mark } from '../../../model/mark.ts'
import type { Placement } from '../../../model/tenant.ts'
import { keyOfDatabase, loginRoleName } from '../../database-names.ts'
import type { DatabaseSpec, TemplateRef } from '../../provider.ts'
import { changeSurely, kindOf } from '../change-surely.ts'
import { computeSettings } from '../compute-settings.ts'
import { connectionOf } from '../connection-of.ts'
import { findBranch } from '../delete-branch.ts'
import { explained } from '../explained.ts'
import { neonName, ownerAnnotations, unfinishedName } from '../names.ts'
import type { NeonAccount } from '../neon-account.ts'
import type { NeonBranch } from '../neon-api.ts'
import { awaited, ownServer, TAKEN_ROLES, type TenantBranch } from '../own-server.ts'
import { findOurBranch } from './find-our-branch.ts'
import { prepareTenant } from './prepare-branch.ts'
import type { SharedProject, SharedProjects } from './shared-project.ts'

/** What is never finished, and a scratch database, is deleted by Neon after so long, in milliseconds. */
const EXPIRES_MS = 3_600_000

/**
 * Returns where what a mark stands for will be. Templates have no login role.
 * @throws FleetError TENANT_ID_INVALID, CONFIG_INVALID as `loginRoleName`
 */
export function plannedBranchDatabase(server: string, mark: Mark): Placement {
  const database = loginRoleName(mark, TAKEN_ROLES)
  const loginRole = mark.kind === 'template' ? null : database
  return { server, database, databaseId: null, ownerRole: null, loginRole }
}

/**
 * Makes the branch of a tenant from its template, with the login role of its application. A repeated call goes on where the last one
 * died, and sets the password of that role; of two at once, both get the same branch.
 * @throws FleetError TENANT_ID_INVALID, TEMPLATE_MISSING, DATABASE_FOREIGN, SERVICE_LIMIT and the like
 */
export async function createTenantBranch(
  { server, mark, template, password }: DatabaseSpec,
  { account, projects }: { readonly account: NeonAccount; readonly projects: SharedProjects },
): Promise<Placement> {
  const placement = plannedBranchDatabase(server, mark)
  // Its template is in it already.
  const project = await projects.ensure(mark, true)
  const { projectId, database, ownerRole: role } = project
  // A project that is not of our making has an owner of its own.
  const loginRole = loginRoleName(mark, [role])
  const { id: branchId } =
    (await findOurBranch(projectId, mark, account)) ?? (await make({ project, mark, template }, account))
  if (mark.kind !== 'scratch') await requireLasting({ projectId, branchId }, mark, account)
  // Not what the answer that made it has said: another process may have made it.
  const connection = await connectionOf({ projectId, branchId, database, role }, account)
  failpoint('tenant.database-created')
  await prepareTenant(awaited(connection), { mark, loginRole, password })
  failpoint('tenant.database-opened')
  return { ...placement, databaseId: branchId, own: ownServer(connection, { projectId, branchId }, account) }
}

interface Wanted {
  readonly project: SharedProject
  readonly mark: Mark
  readonly template: TemplateRef | null
}

/**
 * Makes it under a name of its own first, where nobody else changes it, gives the owner a password that no other tenant has, and
 * then claims the tenant's name, which is unique: so nobody's password is reset once another process may have recorded it. What
 * dies in between expires.
 */
async function make({ project, mark, template }: Wanted, account: NeonAccount): Promise<NeonBranch> {
  const { api, clock } = account
  const { projectId, ownerRole } = project
  const parentId = await requireTemplate({ project, mark, template }, account)
  const what = `The branch of ${mark.kind} "${mark.key}" was not made`
  const name = unfinishedName(mark, randomBytes(4).toString('hex'))
  const find = () => findBranch({ projectId, name }, account)
  let made: NeonBranch | undefined
  const create = async () => {
    const expiresAt = new Date(clock.now().getTime() + EXPIRES_MS)
    const compute = computeSettings(account)
    const answer = await api.createBranch(projectId, {
      parentId,
      name,
      expiresAt,
      compute,
      annotations: ownerAnnotations(mark),
    })
    made = answer.branch
    return answer
  }
  await changeSurely({ projectId, what, mutation: create, look: find }, account)
  made ??= await find()
  if (made === undefined) throw new FleetError('SERVICE_BUSY', `${what}. It is gone again.`)
  const { id } = made
  const reset = () => api.resetRolePassword(projectId, id, ownerRole)
  // Twice is once: whichever password is the last is asked for when it is needed.
  await changeSurely({ projectId, what, mutation: reset, look: async () => undefined }, account)
  return claim({ ...made, projectId }, mark, account)
}

/** Gives a branch the name of its mark; where another one has it by now, that is returned, and this one is deleted. */
async function claim(
  { projectId, ...branch }: NeonBranch & { readonly projectId: string },
  mark: Mark,
  account: NeonAccount,
): Promise<NeonBranch> {
  const { api } = account
  const what = `The branch of ${mark.kind} "${mark.key}" was not given its name`
  const change = { name: neonName(mark), ...(mark.kind === 'scratch' ? {} : { expiresAt: null }) }
  const mutation = () => api.updateBranch(projectId, branch.id, change)
  const look = async () => {
    const found = await findOurBranch(projectId, mark, account)
    return found?.id === branch.id ? found : undefined
  }
  try {
    await changeSurely({ projectId, what, mutation, look }, account)
    return branch
  } catch (error) {
    const other = kindOf(error) === 'exists' ? await findOurBranch(projectId, mark, account) : undefined
    if (other === undefined) throw error
    const deletion = () => api.deleteBranch(projectId, branch.id)
    await account.change(projectId, `Branch ${branch.id} was not deleted`, deletion)
    return other
  }
}

/** Nothing that Neon would delete by itself is ever called a tenant, whatever it has answered before. */
async function requireLasting({ projectId, branchId }: TenantBranch, mark: Mark, { api }: NeonAccount): Promise<void> {
  const branch = await explained(`Branch ${branchId} was not looked at`, () => api.getBranch(projectId, branchId))
  if (branch?.expiresAt === null) return
  const fate = branch === undefined ? 'is gone' : `is going to be deleted by Neon at ${branch.expiresAt?.toISOString()}`
  throw new FleetError('SERVICE_REFUSED', `Branch ${branchId} of ${mark.kind} "${mark.key}" ${fate}.`, {
    remedy: "Delete the tenant, and make it again. If it is the same then, look in Neon's console whether it expires.",
  })
}

/** Returns the id of the template's branch. @throws FleetError TEMPLATE_MISSING, DATABASE_FOREIGN, and as `explained` */
async function requireTemplate({ project, mark, template }: Wanted, account: NeonAccount): Promise<string> {
  const key = template === null ? '' : keyOfDatabase(template.database, { ...mark, kind: 'template' })
  const found =
    key === '' ? undefined : await findOurBranch(project.projectId, { ...mark, kind: 'template', key }, account)
  if (found !== undefined) return found.id
  throw new FleetError(
    'TEMPLATE_MISSING',
    `There is no template "${template?.database ?? ''}" that is ready in project ${project.projectId}.`,
  )
}
