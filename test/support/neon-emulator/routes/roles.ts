import { randomBytes } from 'node:crypto'
import { notFound, preconditionFailed, unknown } from '../errors.ts'
import type { Branch, Project, Role } from '../model.ts'
import { presentDatabase, presentOperation, presentRole } from '../present.ts'
import type { Routes } from '../route.ts'
import { branchOf, defaultBranchOf, endpointOf, endpointsOf, newPassword, serverRoleOf, type World } from '../world.ts'

export const roleRoutes: Routes = {
  listProjectBranchRoles: {
    answer: (_world, { branch }) => ({
      status: 200,
      body: { roles: branch.roles.map((it) => presentRole(branch, it)) },
    }),
  },
  getProjectBranchRole: {
    answer: (_world, { branch, path }) => ({
      status: 200,
      body: { role: presentRole(branch, roleOf(branch, path.role_name)) },
    }),
  },
  listProjectBranchDatabases: {
    answer: (_world, { branch }) => ({
      status: 200,
      body: { databases: branch.databases.map((it) => presentDatabase(branch, it)) },
    }),
  },
  getProjectBranchRolePassword: {
    answer: (_world, { project, branch, path }) => {
      const role = roleOf(branch, path.role_name)
      if (!project.storePasswords) throw preconditionFailed('password is not stored')
      return { status: 200, body: { password: role.password } }
    },
  },
  /** The old password is valid until the operation is done. */
  resetProjectBranchRolePassword: {
    mutates: true,
    answer: (world, { project, branch, path }) => {
      const role = roleOf(branch, path.role_name)
      const password = newPassword()
      const operations = world.operations.schedule(project, [
        {
          action: 'apply_config',
          branchId: branch.id,
          endpointId: endpointsOf(project, branch.id)[0]?.id,
          work: () => setPassword(world, { project, branch, role, password }),
        },
      ])
      return {
        status: 200,
        body: { role: presentRole(branch, role, password), operations: operations.map(presentOperation) },
      }
    },
  },
  getConnectionUri: {
    answer: async (world, { project, query }) => {
      const { database_name, role_name, branch_id, endpoint_id, pooled = false } = query as unknown as UriQuery
      const named = endpoint_id === undefined ? undefined : endpointOf(project, endpoint_id)
      const branch = branch_id ?? named?.branchId
      const from = branch === undefined ? defaultBranchOf(project) : branchOf(project, branch)
      const endpoint = named ?? endpointsOf(project, from.id)[0]
      if (!endpoint || endpoint.branchId !== from.id) throw notFound('endpoint')
      const role = roleOf(from, role_name)
      const database = from.databases.find((it) => it.name === database_name)
      if (!database) throw notFound('database')
      if (!project.storePasswords) throw unknown('a connection string where passwords are not stored')
      return {
        status: 200,
        body: { uri: await world.computes.uri(project, endpoint, { role, database: database.name, pooled }) },
      }
    },
  },
}

interface UriQuery {
  readonly database_name: string
  readonly role_name: string
  readonly branch_id?: string
  readonly endpoint_id?: string
  readonly pooled?: boolean
}

function roleOf(branch: Branch, name: string | undefined): Role {
  const role = branch.roles.find((it) => it.name === name)
  if (!role) throw notFound('role')
  return role
}

interface NewPassword {
  readonly project: Project
  readonly branch: Branch
  readonly role: Role
  readonly password: string
}

/** Branches share a role of the server until one of them has a password of its own. */
async function setPassword(world: World, { project, branch, role, password }: NewPassword): Promise<void> {
  const isShared = [...project.branches.values()].some(
    (it) => it.id !== branch.id && it.roles.some(({ serverName }) => serverName === role.serverName),
  )
  if (isShared) {
    const base = serverRoleOf(project, role.name)
    const own = `${base}__${randomBytes(3).toString('hex')}`
    await world.dataPlane.createRole(own, password, { as: base })
    role.serverName = own
  } else {
    await world.dataPlane.setPassword(role.serverName, password)
  }
  role.password = password
  role.updatedAt = world.clock.now()
  for (const endpoint of endpointsOf(project, branch.id)) {
    if (branch.database !== undefined) world.computes.point(project, endpoint)
    await world.computes.cut(endpoint)
    await world.computes.start(project, endpoint)
  }
}
