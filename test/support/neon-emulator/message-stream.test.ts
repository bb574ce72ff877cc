import { expect, test } from 'vitest'
import { MessageStream } from './message-stream.ts'
import { PLAINTEXT_ONLY, refuseHashedPasswords } from './refuse-hashed-passwords.ts'

const HASHED = "alter role r password 'SCRAM-SHA-256$4096:c2FsdA==$a:b'"

function message(type: string, body: string): Buffer {
  const bytes = Buffer.from(`${type}\0\0\0\0${body}`)
  bytes.writeInt32BE(bytes.length - 1, 1)
  return bytes
}

function pass(bytes: Buffer, pieceLength: number): string {
  const stream = new MessageStream(refuseHashedPasswords)
  const on: Buffer[] = []
  for (let at = 0; at < bytes.length; at += pieceLength) {
    on.push(...stream.push(bytes.subarray(at, at + pieceLength)))
  }
  return Buffer.concat(on).toString('latin1')
}

test('messages pass unchanged, in pieces of any length', () => {
  const bytes = Buffer.concat([
    message('p', 'SCRAM-SHA-256\0'),
    message('Q', 'select 1\0'),
    message('S', ''),
    message('P', 's\0select $1\0\0\0'),
    message('d', `password ${HASHED}`),
    message('Q', "select 'SCRAM-SHA-256$'\0"),
    message('X', ''),
  ])
  for (let length = 1; length <= bytes.length; length += 1) expect(pass(bytes, length)).toBe(bytes.toString('latin1'))
})

test('a message that is not looked at passes as it comes', () => {
  const stream = new MessageStream(refuseHashedPasswords)
  const copied = message('d', 'x'.repeat(1000))
  expect(Buffer.concat(stream.push(copied.subarray(0, 100)))).toEqual(copied.subarray(0, 100))
  expect(Buffer.concat(stream.push(copied.subarray(100, 200)))).toEqual(copied.subarray(100, 200))
})

test('a query that sets a hashed password is replaced whole, and what stands around it passes', () => {
  const [before, after] = [message('S', ''), message('Q', 'select 2\0')]
  for (const query of [HASHED, `select 1; ${HASHED}; select 3`, HASHED.replace('password', 'PASSWORD\n ')]) {
    const bytes = Buffer.concat([before, message('Q', `${query}\0`), after])
    for (const length of [1, 7, bytes.length]) {
      const passed = pass(bytes, length)
      expect(passed).not.toContain('SCRAM-SHA-256')
      expect(passed).toContain(PLAINTEXT_ONLY)
      expect(passed.startsWith(before.toString('latin1'))).toBe(true)
      expect(passed.endsWith(after.toString('latin1'))).toBe(true)
    }
  }
})

test('a Parse message that sets a hashed password keeps the name of its statement', () => {
  const passed = pass(message('P', `name\0${HASHED}\0\0\0`), 11)
  expect(passed).toMatch(/^P....name\0do /s)
  expect(passed).not.toContain('SCRAM-SHA-256')
})
