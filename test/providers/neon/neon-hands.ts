import { randomBytes } from 'node:crypto'
import { createApiClient, EndpointType } from '@neondatabase/api-client'
import { expect, inject } from 'vitest'
import type { Clock } from '../../../src/lib/clock.ts'
import { secretBox } from '../../../src/lib/secret-box.ts'
import type { NeonPlacement } from '../../../src/model/neon-settings.ts'
import { withClient } from '../../../src/postgres/connect.ts'
import { parseConnectionString } from '../../../src/postgres/connection-string.ts'
import { quoteIdentifier } from '../../../src/postgres/identifiers.ts'
import { databaseName } from '../../../src/providers/database-names.ts'
import { parseBranchAddress } from '../../../src/providers/neon/branch-address.ts'
import { ownerAnnotations, parseNeonName } from '../../../src/providers/neon/names.ts'
import { createNeonProvider } from '../../../src/providers/neon/neon-provider.ts'
import { OWNER } from '../../../src/providers/neon/own-server.ts'
import type { Provider } from '../../../src/providers/provider.ts'
import type { Place, ProviderUnderTest } from '../../conformance/provider-setup.ts'
import { startNeonEmulator } from '../../support/neon-emulator/index.ts'
import { createPostgresDataPlane } from '../../support/neon-emulator/postgres-data-plane.ts'
import { superuser, uniqueName } from '../../support/test-server.ts'
import { neonSettings } from './neon-settings-for-test.ts'

const MOST = 400

/** What holds of the provider whatever its tenants are. */
export const NEON_TRAITS = {
  holdsCatalog: false,
  findsDatabases: false,
  knowsSizes: false,
  opensToProve: false,
} as const

/** Starts an emulator over the server under test, and looks at what the provider makes of it through Neon's own client. */
export async function neonHands(placement: NeonPlacement, clock: Clock) {
  const dataPlane = await createPostgresDataPlane({ server: inject('superuserUrl'), prefix: uniqueName('neon') })
  const emulator = await startNeonEmulator({ dataPlane, operationMs: 2 })
  const { apiKey, baseUrl, orgId } = emulator
  const client = createApiClient({ apiKey, baseURL: baseUrl, timeout: 20_000 })
  const box = secretBox(randomBytes(32))

  async function open(): Promise<Provider> {
    // The suite is no wave.
    const limits = { requestsPerMinute: 60_000, requestsPerSecond: 1_000 }
    const settings = neonSettings({ apiKey, baseUrl, orgId }, limits, placement)
    const provider = createNeonProvider({ settings, clock, box })
    // On the emulator a login role is the server's: until that of a deleted project is gone, another project cannot have it.
    const whenGone = async <T>(deletion: Promise<T>) => deletion.finally(() => emulator.settled())
    return {
      ...provider,
      deleteDatabase: (placement, mark) => whenGone(provider.deleteDatabase(placement, mark)),
      removeMarked: (found, isOrphan) => whenGone(provider.removeMarked(found, isOrphan)),
    }
  }

  async function projectsOf(fleet: string) {
    const { data } = await client.listProjects({ search: `fleet/${fleet}`, limit: MOST })
    return data.projects
  }

  /** Of an address; of a tenant or template that is a branch, by its name alone. */
  async function branchOf({ database }: Place) {
    if (!database.includes('/')) return namedBranch(database)
    const { projectId, branch: name } = parseBranchAddress(database)
    const { data } = await client.listProjectBranches({ projectId, search: name })
    const branch = data.branches.find((it) => it.name === name)
    if (branch === undefined) throw new Error(`Project ${projectId} has no branch "${name}".`)
    return branch
  }

  async function namedBranch(database: string) {
    for (const { id: projectId } of await projectsOf('')) {
      const { data } = await client.listProjectBranches({ projectId })
      const found = data.branches.find(({ name }) => databaseOf(name) === database)
      if (found !== undefined) return found
    }
    throw new Error(`There is no branch of "${database}".`)
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

  async function createBranch(projectId: string, name: string, options: BranchOptions = {}) {
    const { parent, annotations, compute = false } = options
    const { data } = await client.createProjectBranch(projectId, {
      branch: { name, ...(parent === undefined ? {} : { parent_id: parent }) },
      ...(compute ? { endpoints: [{ type: EndpointType.ReadWrite }] } : {}),
      ...(annotations ? { annotation_value: annotations } : {}),
    })
    await emulator.settled(projectId)
    return data.branch
  }

  const common = {
    open,
    async stop() {
      await emulator.stop()
      expect(emulator.violations).toEqual([])
    },
    async application({ loginRole }, to, password) {
      const user = loginRole ?? ''
      if (to.own !== undefined) return { ...to.own.address, user, password }
      const { project_id, id } = await branchOf(to)
      const [endpoint] = await endpointsOf(to)
      if (endpoint === undefined) throw new Error(`Branch ${id} has no compute to connect to.`)
      const owner = await connectionTo(project_id, id, parseBranchAddress(to.database).database)
      return { ...owner, user, password }
    },
    async superuserIn({ own }) {
      const { project = '', branch = '' } = own?.ids ?? {}
      const owner = await connectionTo(project, branch, own?.address.database ?? '')
      // That of the server behind the emulator.
      const { rows } = await withClient(owner, { applicationName: 'fleet/test' }, (it) =>
        it.query('select current_database() as name'),
      )
      return { ...superuser(), database: rows[0]?.name }
    },
    async remove(fleet) {
      for (const { id } of await projectsOf(`${fleet}/`)) await client.deleteProject(id)
      await emulator.settled()
    },
    isOpen: async (place) => (await endpointsOf(place)).length > 0,
    async unmark(point) {
      const { project_id, id, name } = await branchOf(point)
      await client.updateProjectBranch(project_id, id, { branch: { name: `${name}-mine` } })
    },
    async diesBranching(_tenant, { database }, mark) {
      const { projectId, branch } = parseBranchAddress(database)
      await createBranch(projectId, branch, { annotations: ownerAnnotations(mark) })
    },
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
  } satisfies Partial<ProviderUnderTest>

  return { emulator, client, common, projectsOf, connectionTo, createBranch }
}

interface BranchOptions {
  /** Left out: the default branch. */
  readonly parent?: string
  readonly annotations?: Record<string, string>
  readonly compute?: boolean
}

/** What the catalog calls a tenant or template that is a project or branch of this name; undefined: it is none. */
export function databaseOf(name: string): string | undefined {
  const mark = parseNeonName(name)
  return mark !== undefined && 'fleet' in mark ? databaseName(mark) : undefined
}
