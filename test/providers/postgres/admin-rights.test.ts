import { beforeAll, expect, test } from 'vitest'
import { withClient } from '../../../src/postgres/connect.ts'
import { type AdminRights, missingGrants, readAdminRights } from '../../../src/providers/postgres/admin-rights.ts'
import { superuser } from '../../support/test-server.ts'
import { ensureRoles } from './ensure-roles.ts'

const nothingMissing: AdminRights = {
  version: 180004,
  user: 'deploy',
  superuser: false,
  createDatabase: true,
  createRole: true,
  signalBackend: false,
  unfitRoles: [],
  ownerRole: 'usable',
  grantsOwnerRole: false,
  appRole: 'grantable',
}

test.each<[string, Partial<AdminRights>, string[]]>([
  ['everything there', {}, []],
  ['roles that it makes itself', { ownerRole: 'missing', appRole: 'missing', grantsOwnerRole: true }, []],
  ['a role that it may grant itself', { ownerRole: 'present', grantsOwnerRole: true }, []],
  ['no attributes', { createDatabase: false, createRole: false }, ['ALTER ROLE "deploy" CREATEDB CREATEROLE;']],
  ['one attribute', { createDatabase: false }, ['ALTER ROLE "deploy" CREATEDB;']],
  [
    'roles of somebody else, 18',
    { ownerRole: 'present', appRole: 'present' },
    ['GRANT fleet_owner TO "deploy" WITH INHERIT TRUE, SET TRUE;', 'GRANT fleet_app TO "deploy" WITH ADMIN OPTION;'],
  ],
  ['roles of somebody else, 15', { version: 150018, ownerRole: 'present' }, ['GRANT fleet_owner TO "deploy";']],
  ['a name to be quoted', { user: 'a"b', appRole: 'present' }, ['GRANT fleet_app TO "a""b" WITH ADMIN OPTION;']],
])('with %s, a superuser has to run exactly this', (_, rights, grants) => {
  expect(missingGrants({ ...nothingMissing, ...rights })).toEqual(grants)
})

beforeAll(ensureRoles)

test('a role of ours that somebody may log in as is noticed', async () => {
  const unfit = await withClient(superuser(), { applicationName: 'fleet/test' }, async (client) => {
    await client.query('begin; alter role fleet_app login')
    const rights = await readAdminRights(client)
    await client.query('rollback')
    return rights.unfitRoles
  })
  expect(unfit).toEqual(['fleet_app'])
})
