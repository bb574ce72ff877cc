import { afterAll, expect, test } from 'vitest'
import { Secret } from '../../src/model/secret.ts'
import { withClient } from '../../src/postgres/connect.ts'
import { quoteIdentifier, quoteLiteral } from '../../src/postgres/identifiers.ts'
import { scramVerifier } from '../../src/postgres/scram-verifier.ts'
import { superuser, uniqueName } from '../support/test-server.ts'

const role = uniqueName('scram')
const asSuperuser = <T>(sql: string) =>
  withClient(superuser(), { applicationName: 'fleet/test' }, async (client) => (await client.query(sql)).rows as T[])
afterAll(() => asSuperuser(`drop role if exists ${quoteIdentifier(role)}`))

test('is the one that RFC 7677 gives for its example', async () => {
  const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64')
  expect(await scramVerifier(new Secret('pencil'), salt)).toBe(
    'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
  )
})

test('lets in who has the clear password, and is stored as it was sent', async () => {
  const password = new Secret(`all of it: '"\\%$ ~!`)
  const verifier = await scramVerifier(password)
  await asSuperuser(`create role ${quoteIdentifier(role)} login password ${quoteLiteral(verifier)}`)
  expect(await asSuperuser(`select rolpassword from pg_authid where rolname = ${quoteLiteral(role)}`)).toEqual([
    { rolpassword: verifier },
  ])
  const login = (as: Secret) =>
    withClient({ ...superuser(), user: role, password: as }, { applicationName: 'fleet/test' }, async (client) => {
      const { rows } = await client.query<{ me: string }>('select current_user as me')
      return rows[0]?.me
    })
  expect(await login(password)).toBe(role)
  await expect(login(new Secret('other'))).rejects.toMatchObject({ code: 'AUTHENTICATION_FAILED' })
  await expect(login(new Secret(verifier))).rejects.toMatchObject({ code: 'AUTHENTICATION_FAILED' })
})

test('has another salt each time', async () => {
  expect(await scramVerifier(new Secret('same'))).not.toBe(await scramVerifier(new Secret('same')))
})

test.each(['', 'pässword', 'tab\t', '🐘'])('refuses %j without repeating it', async (password) => {
  await expect(scramVerifier(new Secret(password))).rejects.toThrow(
    'A password must be printable ASCII, and not empty.',
  )
})
