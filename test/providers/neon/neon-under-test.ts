import { systemClock } from '../../../src/lib/clock.ts'
import type { Mark } from '../../../src/model/mark.ts'
import { Secret } from '../../../src/model/secret.ts'
import { databaseName } from '../../../src/providers/database-names.ts'
import { parseBranchAddress } from '../../../src/providers/neon/branch-address.ts'
import { neonName, ownerAnnotations } from '../../../src/providers/neon/names.ts'
import { OWNER } from '../../../src/providers/neon/own-server.ts'
import { prepareProject } from '../../../src/providers/neon/prepare-project.ts'
import type { ProviderUnderTest } from '../../conformance/provider-setup.ts'
import { databaseOf, NEON_TRAITS, neonHands } from './neon-hands.ts'

/** Has the suite look at tenants that are projects. */
export async function neonUnderTest(): Promise<ProviderUnderTest> {
  const { emulator, client, common, projectsOf, connectionTo, createBranch } = await neonHands(
    'project-per-tenant',
    systemClock,
  )

  async function createProject(mark: Mark, { annotations }: { readonly annotations: Record<string, string> }) {
    const database = databaseName(mark)
    const branch = { name: 'main', role_name: OWNER, database_name: database, annotations }
    const { data } = await client.createProject({ project: { name: neonName(mark), pg_version: 18, branch } })
    await emulator.settled(data.project.id)
    return connectionTo(data.project.id, data.branch.id, database)
  }

  return {
    ...common,
    traits: { ...NEON_TRAITS, movesInRestores: false, releasesKept: true },
    async whatIsLeft(fleet) {
      const left: string[] = []
      for (const { id, name } of await projectsOf(`${fleet}/`)) {
        const database = databaseOf(name) ?? name
        const { data } = await client.listProjectBranches({ projectId: id })
        left.push(database, ...data.branches.filter((it) => !it.default).map((it) => `${database}/${it.name}`))
      }
      return left.sort()
    },
    async occupy({ database }, mark) {
      if (mark.kind === 'tenant') await createProject(mark, { annotations: {} })
      else await createBranch(parseBranchAddress(database).projectId, neonName(mark))
      return neonName(mark)
    },
    diesCreating(planned, mark) {
      const annotations = ownerAnnotations(mark)
      const preparation = {
        mark,
        extensions: [],
        loginRole: planned.loginRole ?? '',
        password: new Secret('of the one that died'),
      }
      return [
        async () => void (await createProject(mark, { annotations })),
        async () => prepareProject(await createProject(mark, { annotations }), preparation),
      ]
    },
    async diesDeleting({ databaseId }) {
      await client.deleteProject(databaseId ?? '')
      await emulator.settled()
    },
  }
}
