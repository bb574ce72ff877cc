import { databaseName } from '../database-names.ts'
import { parseBranchAddress } from './branch-address.ts'
import { findBranch } from './delete-branch.ts'
import { explained } from './explained.ts'
import { byAge, notWhole } from './find-projects.ts'
import { OURS, parseNeonName } from './names.ts'
import type { NeonAccount } from './neon-account.ts'
import type { NeonProject } from './neon-api.ts'

/**
 * Returns the ids of those of these databases and branches that are there, by name. One call for each branch.
 * @throws FleetError SERVICE_BUSY where one is missing in a list that is not whole, and as `explained`
 * @param recorded ids of which one counts where several projects have one name; else the oldest does
 */
export async function lookUpProjects(
  names: readonly string[],
  { account, recorded }: { readonly account: NeonAccount; readonly recorded?: ReadonlySet<string> | undefined },
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
  const first = (one: NeonProject, other: NeonProject) =>
    Number(recorded?.has(other.id) ?? false) - Number(recorded?.has(one.id) ?? false) || byAge(one, other)
  const chosen = new Map<string, NeonProject>()
  const unavailable: string[] = []
  const what = 'The projects were not listed'
  await explained(what, async () => {
    for await (const page of account.projects(OURS)) {
      unavailable.push(...page.unavailableProjectIds)
      for (const project of page.projects) {
        const mark = parseNeonName(project.name)
        if (mark?.kind !== 'tenant' || !wanted.has(databaseName(mark))) continue
        const other = chosen.get(databaseName(mark))
        if (other === undefined || first(project, other) < 0) chosen.set(databaseName(mark), project)
      }
    }
  })
  const areFound = names.every((name) => name.includes('/') || chosen.has(name))
  if (unavailable.length > 0 && (!areFound || unavailable.some((id) => recorded?.has(id)))) throw notWhole(what)
  for (const [database, { id }] of chosen) found.set(database, id)
  return found
}
