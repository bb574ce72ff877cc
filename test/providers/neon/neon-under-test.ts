import { randomBytes } from 'node:crypto'
import { createApiClient, EndpointType } from '@neondatabase/api-client'
import { expect, inject } from 'vitest'
import { systemClock } from '../../../src/lib/clock.ts'
import { secretBox } from '../../../src/lib/secret-box.ts'
import type { Mark } from '../../../src/model/mark.ts'
import { Secret } from '../../../src/model/secret.ts'
import { withClient } from '../../../src/postgres/connect.ts'
import { parseConnectionString } from '../../../src/postgres/connection-string.ts'
import { quoteIdentifier } from '../../../src/postgres/identifiers.ts'
import { databaseName } from '../../../src/providers/database-names.ts'
import { parseBranchAddress } from '../../../src/providers/neon/branch-address.ts'
import { neonName, ownerAnnotations, parseNeonName } from '../../../src/providers/neon/names.ts'
import { createNeonProvider } from '../../../src/providers/neon/neon-provider.ts'
import { OWNER } from '../../../src/providers/neon/own-server.ts'
import { prepareProject } from '../../../src/providers/neon/prepare-project.ts'
import type { Provider } from '../../../src/providers/provider.ts'
import type { Place, ProviderUnderTest } from '../../conformance/provider-setup.ts'
import { startNeonEmulator } from '../../support/neon-emulator/index.ts'
import { createPostgresDataPlane } from '../../support/neon-emulator/postgres-data-plane.ts'
import { superuser, uniqueName } from '../../support/test-server.ts'

const MOST = 400

/** Starts an emulator over the server under test, and looks at what the provider makes of it through Neon's own client. */
export async function neonUnderTest(): Promise<ProviderUnderTest> {
  const dataPlane = await createPostgresDataPlane({ server: inject('superuserUrl'), prefix: uniqueName('neon') })
  const emulator = await startNeonEmulator({ dataPlane, operationMs: 2 })
  const { apiKey, baseUrl, orgId } = emulator
  const client = createApiClient({ apiKey, baseURL: baseUrl, timeout: 20_000 })
  const box = secretBox(randomBytes(32))

  async function open(): Promise<Provider> {
    const settings = {
      apiKey: new Secret(apiKey),
      region: 'aws-us-east-1',
      orgId,
      pgVersion: 18,
      historyRetention: undefined,
      autoscaling: undefined,
      suspendTimeout: undefined,
      // The emulator has no limit, and the suite is no wave.
      requestsPerMinute: 60_000,
      requestsPerSecond: 1_000,
      baseUrl,
    }
    const provider = createNeonProvider({ settings, clock: systemClock, box })
    // On the emulator a login role is the server's: until that of a deleted project is gone, another project cannot have it.
    const whenGone = async <T>(deletion: Promise<T>) => deletion.finally(() => emulator.settled())
    return {
      ...provider,
      deleteDatabase: (placement, mark) => whenGone(provider.deleteDatabase(placement, mark)),
      removeMarked: (found, isOrphan) => whenGone(provider.removeMarked(found, isOrphan)),
    }
  }

  async function projectsOf(fleet: string) {
    const { data } = await client.listProjects({ search: `fleet/${fleet}/`, limit: MOST })
    return data.projects
  }

  async function branchOf({ database }: Place) {
    const { projectId, branch: name } = parseBranchAddress(database)
    const { data } = await client.listProjectBranches({ projectId, search: name })
    const branch = data.branches.find((it) => it.name === name)
    if (branch === undefined) throw new Error(`Project ${projectId} has no branch "${name}".`)
    return branch
  }

  async function endpointsOf(place: Place) {
    const { project_id, id } = await branchOf(place)
    return (await client.listProjectBranchEndpoints(project_id, id)).data.endpoints
  }

  /** As its owner; a branch only while it has a compute. */
  async function connectionTo(projectId: string, branchId: string, database: string) {
    const asked = { projectId, branch_id: branchId, database_name: database, role_name: OWNER }
    return parseConnectionString((await client.getConnectionUri(asked)).data.uri)
  }

  async function createProject(mark: Mark, { annotations }: { readonly annotations: Record<string, string> }) {
    const database = databaseName(mark)
    const branch = { name: 'main', role_name: OWNER, database_name: database, annotations }
    const { data } = await client.createProject({ project: { name: neonName(mark), pg_version: 18, branch } })
    await emulator.settled(data.project.id)
    return connectionTo(data.project.id, data.branch.id, database)
  }

  async function createBranch({ database }: Place, name: string, annotations?: Record<string, string>) {
    const { projectId } = parseBranchAddress(database)
    await client.createProjectBranch(projectId, {
      branch: { name },
      ...(annotations ? { annotation_value: annotations } : {}),
    })
    await emulator.settled(projectId)
  }

  return {
    open,
    traits: { holdsCatalog: false, findsDatabases: false, knowsSizes: false, opensToProve: false },
    async stop() {
      await emulator.stop()
      expect(emulator.violations).toEqual([])
    },
    async application({ loginRole }, to, password) {
      const user = loginRole ?? ''
      if (to.own !== undefined) return { ...to.own.address, user, password }
      const { project_id, id } = await branchOf(to)
      if ((await endpointsOf(to)).length === 0) throw new Error(`Branch ${id} has no compute to connect to.`)
      const owner = await connectionTo(project_id, id, parseBranchAddress(to.database).database)
      return { ...owner, user, password }
    },
    async superuserIn({ own, database }) {
      const { project = '', branch = '' } = own?.ids ?? {}
      const owner = await connectionTo(project, branch, database)
      // That of the server behind the emulator.
      const { rows } = await withClient(owner, { applicationName: 'fleet/test' }, (it) =>
        it.query('select current_database() as name'),
      )
      return { ...superuser(), database: rows[0]?.name }
    },
    async whatIsLeft(fleet) {
      const left: string[] = []
      for (const { id, name } of await projectsOf(fleet)) {
        const mark = parseNeonName(name)
        const database = mark?.kind === 'tenant' ? databaseName(mark) : name
        const { data } = await client.listProjectBranches({ projectId: id })
        left.push(database, ...data.branches.filter((it) => !it.default).map((it) => `${database}/${it.name}`))
      }
      return left.sort()
    },
    async remove(fleet) {
      for (const { id } of await projectsOf(fleet)) await client.deleteProject(id)
      await emulator.settled()
    },
    isOpen: async (place) => (await endpointsOf(place)).length > 0,
    async occupy(place, mark) {
      if (mark.kind === 'tenant') await createProject(mark, { annotations: {} })
      else await createBranch(place, neonName(mark))
      return neonName(mark)
    },
    async unmark(point) {
      const { project_id, id, name } = await branchOf(point)
      await client.updateProjectBranch(project_id, id, { branch: { name: `${name}-mine` } })
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
    diesBranching: (_tenant, planned, mark) => createBranch(planned, neonName(mark), ownerAnnotations(mark)),
    async diesLooking({ loginRole }, point) {
      const { project_id, id } = await branchOf(point)
      await client.createProjectEndpoint(project_id, { endpoint: { branch_id: id, type: EndpointType.ReadWrite } })
      await emulator.settled(project_id)
      const { database } = parseBranchAddress(point.database)
      const owner = await connectionTo(project_id, id, database)
      await withClient(owner, { applicationName: 'fleet/test' }, async (inside) => {
        const { rows } = await inside.query('select current_database() as name')
        await inside.query(
          `revoke connect on database ${quoteIdentifier(rows[0]?.name)} from ${quoteIdentifier(loginRole ?? '')}`,
        )
      })
    },
  }
}
