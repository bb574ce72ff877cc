import { type Mark, sameMark } from '../../../model/mark.ts'
import { databaseName } from '../../database-names.ts'
import type { MarkedName } from '../../provider.ts'
import { formatBranchAddress, parseBranchAddress } from '../branch-address.ts'
import { explained } from '../explained.ts'
import { branchMark, type NeonMark, type Owner, sameOwner } from '../names.ts'
import type { NeonAccount } from '../neon-account.ts'
import type { NeonBranch } from '../neon-api.ts'
import { unlessGone } from '../neon-api-error.ts'
import { deleteTenantBranch } from './delete-tenant-branch.ts'
import type { SharedProject, SharedProjects } from './shared-project.ts'
import { deleteTemplateBranch } from './template-branch.ts'

interface Context {
  readonly account: NeonAccount
  readonly projects: SharedProjects
}

/** Lists all that carries a mark of a fleet and catalog: one page, of one project's branches. */
export async function* findMarkedBranches(
  owner: Owner,
  { server, account, projects }: Context & { readonly server: string },
): AsyncGenerator<readonly MarkedName[]> {
  const project = await projects.find(owner)
  if (project === undefined) return
  const branches = await listBranches(project.projectId, account)
  yield branches.flatMap((branch) => {
    const mark = branchMark(branch)
    if (mark === undefined || !sameOwner(mark, owner)) return []
    const found = { server, name: nameOf(mark, branch, project), mark, databaseId: branch.id }
    const wasTenant = mark.kind === 'tenant' || mark.kind === 'kept-state'
    return [wasTenant ? { ...found, remedy: remedyOf(branch, project) } : found]
  })
}

/** Deletes what was found by its mark, if it is still that; false when it is not, or is no orphan. */
export async function removeMarkedBranch(
  { server, name, databaseId, mark }: MarkedName,
  isOrphan: () => Promise<boolean>,
  { account, projects }: Context,
): Promise<boolean> {
  const project = await projects.find(mark)
  if (project === undefined || databaseId === null) return false
  const { projectId } = project
  const branch = await explained(`Branch ${databaseId} was not looked at`, () =>
    account.api.getBranch(projectId, databaseId),
  )
  if (branch === undefined || !sameMark(branchMark(branch), mark) || !(await isOrphan())) return false
  if (mark.kind === 'template') return deleteTemplateBranch({ server, database: name }, mark, { account, projects })
  if (mark.kind === 'tenant' || mark.kind === 'scratch') {
    await deleteTenantBranch({ database: name, databaseId }, mark, { account, projects })
  } else {
    // While something hangs under it, Neon refuses: that is said, and nothing is forced.
    await account.change(projectId, `Branch "${branch.name}" of project ${projectId} was not deleted`, () =>
      account.api.deleteBranch(projectId, databaseId),
    )
  }
  return true
}

/** Returns the ids of those of these databases and branches that are there, by name. */
export async function lookUpBranches(
  names: readonly string[],
  { account, projects }: Context,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  const addresses = names.filter((name) => name.includes('/'))
  const byProject = Map.groupBy(addresses, (name) => parseBranchAddress(name).projectId)
  for (const [projectId, wanted] of byProject) {
    const ids = new Map((await listBranches(projectId, account)).map(({ name, id }) => [name, id]))
    for (const name of wanted) {
      const id = ids.get(parseBranchAddress(name).branch)
      if (id !== undefined) found.set(name, id)
    }
  }
  const databases = new Set(names.filter((name) => !name.includes('/')))
  if (databases.size === 0) return found
  for (const { id } of await projects.list())
    for (const branch of await listBranches(id, account)) {
      const mark = branchMark(branch)
      const database = mark && isNamed(mark) ? databaseName(mark) : undefined
      if (database !== undefined && databases.has(database)) found.set(database, branch.id)
    }
  return found
}

function remedyOf({ id }: NeonBranch, { projectId }: SharedProject): string {
  return `Look into branch ${id} of project ${projectId} in Neon's console: adopt it by its URL (fleet tenant adopt --url-env), or delete it there.`
}

/** As the catalog calls it. */
function nameOf(mark: NeonMark, { name: branch }: NeonBranch, { projectId, database }: SharedProject): string {
  return isNamed(mark) ? databaseName(mark) : formatBranchAddress({ projectId, database, branch })
}

function isNamed({ kind }: Mark): boolean {
  return kind === 'tenant' || kind === 'template' || kind === 'scratch'
}

async function listBranches(projectId: string, { api }: NeonAccount): Promise<readonly NeonBranch[]> {
  const listed = () => unlessGone(api.listBranches(projectId))
  return (await explained(`Project ${projectId} was not looked at`, listed)) ?? []
}
