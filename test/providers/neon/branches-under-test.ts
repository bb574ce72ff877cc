import { Secret } from '../../../src/model/secret.ts'
import { parseBranchAddress } from '../../../src/providers/neon/branch-address.ts'
import { prepareTenant } from '../../../src/providers/neon/branch-per-tenant/prepare-branch.ts'
import { neonName, ownerAnnotations, unfinishedName } from '../../../src/providers/neon/names.ts'
import type { ProviderUnderTest } from '../../conformance/provider-setup.ts'
import { createFastClock } from './fast-clock.ts'
import { databaseOf, NEON_TRAITS, neonHands } from './neon-hands.ts'

/** Has the suite look at tenants that are branches of one project. */
export async function branchesUnderTest(): Promise<ProviderUnderTest> {
  const { emulator, client, common, projectsOf, connectionTo, createBranch } = await neonHands(
    'branch-per-tenant',
    createFastClock(),
  )

  /** The project of a fleet, and what is in it. */
  async function seen(fleet: string) {
    const [project, ...more] = await projectsOf(`${fleet}/`)
    if (project === undefined) return undefined
    if (more.length > 0) throw new Error(`Fleet "${fleet}" has ${1 + more.length} projects.`)
    const { data } = await client.listProjectBranches({ projectId: project.id })
    return { projectId: project.id, branches: data.branches }
  }

  async function projectOf(fleet: string): Promise<string> {
    const found = await seen(fleet)
    if (found === undefined) throw new Error(`Fleet "${fleet}" has no project yet.`)
    return found.projectId
  }

  return {
    ...common,
    traits: { ...NEON_TRAITS, movesInRestores: true, releasesKept: false },
    async whatIsLeft(fleet) {
      const { branches = [] } = (await seen(fleet)) ?? {}
      return branches
        .filter((it) => !it.default)
        .map(({ name }) => databaseOf(name) ?? name)
        .sort()
    },
    async occupy({ database }, mark) {
      const isNamed = mark.kind === 'tenant' || mark.kind === 'template'
      const projectId = isNamed ? await projectOf(mark.fleet) : parseBranchAddress(database).projectId
      await createBranch(projectId, neonName(mark))
      return neonName(mark)
    },
    diesCreating(planned, mark, from) {
      const annotations = ownerAnnotations(mark)
      const make = async (name: string) => {
        const { projectId, branches } = (await seen(mark.fleet)) ?? { projectId: '', branches: [] }
        const template = branches.find((it) => databaseOf(it.name) === from?.database)
        const { id } = await createBranch(projectId, name, { parent: template?.id ?? '', annotations, compute: true })
        return connectionTo(projectId, id, mark.fleet)
      }
      const preparation = { mark, loginRole: planned.loginRole ?? '', password: new Secret('of the one that died') }
      return [
        async () => void (await make(unfinishedName(mark, 'dead'))),
        async () => void (await make(neonName(mark))),
        async () => prepareTenant(await make(neonName(mark)), preparation),
      ]
    },
    async diesDeleting({ databaseId, own }) {
      await client.deleteProjectBranch({ projectId: own?.ids.project ?? '', branchId: databaseId ?? '' })
      await emulator.settled()
    },
  }
}
