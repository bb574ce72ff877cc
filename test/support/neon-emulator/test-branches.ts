import { EndpointType } from '@neondatabase/api-client'
import { withClient } from '../../../src/postgres/connect.ts'
import { parseConnectionString } from '../../../src/postgres/connection-string.ts'
import { startTestEmulator, type TestEmulator, type TestProject } from './test-emulator.ts'

/** What gives a new branch a compute. */
export const COMPUTE = [{ type: EndpointType.ReadWrite }]

/** Asks the database behind a connection string. */
export function query<T extends object = object>(uri: string, text: string): Promise<T[]> {
  return withClient(parseConnectionString(uri), { applicationName: 'test' }, async (client) => {
    return (await client.query<T>(text)).rows
  })
}

/** What is in the table that `setupBranches` made. */
export const idsIn = async (uri: string) =>
  (await query<{ id: number }>(uri, 'select id from items order by id')).map((it) => it.id)

/** An emulator with a project whose table has one row, and the calls that a test makes of it, each until its operations are done. */
export async function setupBranches(options: Parameters<typeof startTestEmulator>[0] = {}) {
  const emulator = await startTestEmulator(options)
  const project = await emulator.createProject('a')
  await query(project.uri, 'create table items (id int); insert into items values (1)')
  return { emulator, project, ...actions(emulator, project) }
}

function actions({ client, settled }: TestEmulator, { id, branchId }: TestProject) {
  const branch = async (name: string, more: object = {}, rest: object = {}) => {
    const { data } = await client.createProjectBranch(id, { branch: { name, ...more }, ...rest })
    await settled(id)
    return { id: data.branch.id, uri: data.connection_uris?.[0]?.connection_uri ?? '', data }
  }
  const restore = async (target: string, source: string, more: object = {}) => {
    const { data } = await client.restoreProjectBranch(id, target, { source_branch_id: source, ...more })
    await settled(id)
    return data
  }
  const get = async (it: string) => (await client.getProjectBranch(id, it)).data.branch
  return { branch, restore, get, main: branchId }
}
