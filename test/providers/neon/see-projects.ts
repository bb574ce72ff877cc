import type { TestEmulator } from '../../support/neon-emulator/test-emulator.ts'

/** A project as its account shows it, without what is by chance. */
export interface SeenProject {
  readonly name: string
  readonly branches: readonly {
    readonly name: string
    /** Name of the parent; null: a root. */
    readonly parent: string | null
    readonly state: string
    readonly isProtected: boolean
    readonly computes: number
    readonly annotations: unknown
  }[]
}

/** Lists the projects of an account with what is in them, by name. */
export async function seeProjects({
  client,
  orgId,
}: Pick<TestEmulator, 'client' | 'orgId'>): Promise<readonly SeenProject[]> {
  const { data } = await client.listProjects({ org_id: orgId, limit: 400 })
  const seen = await Promise.all(data.projects.map(({ id, name }) => seenProject(client, { id, name })))
  return seen.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

async function seenProject(
  client: TestEmulator['client'],
  { id, name }: { readonly id: string; readonly name: string },
): Promise<SeenProject> {
  const { data } = await client.listProjectBranches({ projectId: id })
  const { data: computes } = await client.listProjectEndpoints(id)
  const nameOf = (branchId: string) => data.branches.find((it) => it.id === branchId)?.name ?? 'unknown'
  const branches = data.branches.map((it) => ({
    name: it.name,
    parent: it.parent_id === undefined ? null : nameOf(it.parent_id),
    state: it.current_state,
    isProtected: it.protected,
    computes: computes.endpoints.filter(({ branch_id }) => branch_id === it.id).length,
    annotations: data.annotations[it.id]?.value ?? null,
  }))
  return { name, branches: branches.toSorted((a, b) => (a.name < b.name ? -1 : 1)) }
}
