import { databaseName } from '../database-names.ts'
import { parseBranchAddress } from './branch-address.ts'
import { findBranch } from './delete-branch.ts'
import { explained } from './explained.ts'
import { parseNeonName } from './names.ts'
import type { NeonAccount } from './neon-account.ts'

/** Returns the ids of those of these databases and branches that are there, by name. One call for each branch. */
export async function lookUpProjects(
  names: readonly string[],
  account: NeonAccount,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  const wanted = new Set(names)
  const branches = names.filter((name) => name.includes('/'))
  for (const name of branches) {
    const { projectId, branch } = parseBranchAddress(name)
    const there = await findBranch({ projectId, name: branch }, account)
    if (there !== undefined) found.set(name, there.id)
  }
  if (branches.length === names.length) return found
  const { api, settings } = account
  await explained('The projects were not listed', async () => {
    for await (const page of api.listProjects({
      search: 'fleet/',
      ...(settings.orgId ? { orgId: settings.orgId } : {}),
    }))
      for (const { id, name } of page.projects) {
        const mark = parseNeonName(name)
        const database = mark?.kind === 'tenant' ? databaseName(mark) : undefined
        if (database !== undefined && wanted.has(database)) found.set(database, id)
      }
  })
  return found
}
