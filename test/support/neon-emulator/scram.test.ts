import { createHmac, pbkdf2Sync } from 'node:crypto'
import { expect, test } from 'vitest'
import { Secret } from '../../../src/model/secret.ts'
import { scramVerifier } from '../../../src/postgres/scram-verifier.ts'
import { checkLogin, loginWithKey, readScramSecret } from './scram.ts'

const PASSWORD = 'a-password-of-a-test'

async function setup() {
  const secret = readScramSecret(await scramVerifier(new Secret(PASSWORD)))
  if (secret === undefined) throw new Error('It is no secret.')
  const salted = pbkdf2Sync(PASSWORD, Buffer.from(secret.salt, 'base64'), secret.rounds, 32, 'sha256')
  const key = (text: string) => createHmac('sha256', salted).update(text).digest()
  return { secret, clientKey: key('Client Key'), serverKey: key('Server Key') }
}

test('who has the key logs in, and the server that checks it gets to know it', async () => {
  const { secret, clientKey, serverKey } = await setup()
  const login = loginWithKey(clientKey)
  const check = checkLogin(secret, login.clientFirst)
  const proven = check?.finish(login.finish(check.serverFirst))
  expect(proven?.clientKey).toEqual(clientKey)
  expect(proven?.serverFinal).toMatch(/^v=/)
  expect(secret.serverKey).toEqual(serverKey)
})

test('who has another key, or answers another server, does not', async () => {
  const { secret, clientKey } = await setup()
  const other = loginWithKey(Buffer.alloc(32))
  const check = checkLogin(secret, other.clientFirst)
  expect(check?.finish(other.finish(check.serverFirst))).toBeUndefined()
  const login = loginWithKey(clientKey)
  const earlier = checkLogin(secret, login.clientFirst)
  const later = checkLogin(secret, login.clientFirst)
  expect(later?.finish(login.finish(earlier?.serverFirst ?? ''))).toBeUndefined()
})

test.each(['', 'n,,', 'p=tls-server-end-point,,n=,r=abc', 'n,,n=,r='])('%j begins no login', async (first) => {
  const { secret } = await setup()
  expect(checkLogin(secret, first)).toBeUndefined()
})

test.each(['', 'md5abc', 'SCRAM-SHA-256$4096:salt'])('%j is no secret', (text) => {
  expect(readScramSecret(text)).toBeUndefined()
})
