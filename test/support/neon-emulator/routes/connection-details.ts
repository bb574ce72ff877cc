import type { Branch, Endpoint, Project } from '../model.ts'
import { hostOfEndpoint } from '../present.ts'
import type { World } from '../world.ts'

/** The connection string of a branch's only database for its only role; none where there are several of either. */
export async function connectionDetails(world: World, project: Project, branch: Branch, endpoint: Endpoint) {
  const [role, ...otherRoles] = branch.roles
  const [database, ...otherDatabases] = branch.databases
  if (!role || !database || otherRoles.length > 0 || otherDatabases.length > 0) return undefined
  const host = hostOfEndpoint(project, endpoint)
  return [
    {
      connection_uri: await world.computes.uri(project, endpoint, { role, database: database.name, pooled: false }),
      connection_parameters: {
        database: database.name,
        password: role.password,
        role: role.name,
        host,
        pooler_host: host.replace('.', '-pooler.'),
      },
    },
  ]
}
