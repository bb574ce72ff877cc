import { expect, test } from 'vitest'
import { MessageStream } from './message-stream.ts'
import { PLAINTEXT_ONLY, refuseHashedPasswords } from './refuse-hashed-passwords.ts'
import { writeMessage } from './wire-messages.ts'

const HASHED = "alter role r password 'SCRAM-SHA-256$4096:c2FsdA==$a:b'"

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
    writeMessage('p', 'SCRAM-SHA-256\0'),
    writeMessage('Q', 'select 1\0'),
    writeMessage('S', ''),
    writeMessage('P', 's\0select $1\0\0\0'),
    writeMessage('d', `password ${HASHED}`),
    writeMessage('Q', "select 'SCRAM-SHA-256$'\0"),
    writeMessage('X', ''),
  ])
  for (let length = 1; length <= bytes.length; length += 1) expect(pass(bytes, length)).toBe(bytes.toString('latin1'))
})

test('a message that is not looked at passes as it comes', () => {
  const stream = new MessageStream(refuseHashedPasswords)
  const copied = writeMessage('d', 'x'.repeat(1000))
  expect(Buffer.concat(stream.push(copied.subarray(0, 100)))).toEqual(copied.subarray(0, 100))
  expect(Buffer.concat(stream.push(copied.subarray(100, 200)))).toEqual(copied.subarray(100, 200))
})

test('a query that sets a hashed password is replaced whole, and what stands around it passes', () => {
  const [before, after] = [writeMessage('S', ''), writeMessage('Q', 'select 2\0')]
  for (const query of [HASHED, `select 1; ${HASHED}; select 3`, HASHED.replace('password', 'PASSWORD\n ')]) {
    const bytes = Buffer.concat([before, writeMessage('Q', `${query}\0`), after])
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
  const passed = pass(writeMessage('P', `name\0${HASHED}\0\0\0`), 11)
  expect(passed).toMatch(/^P....name\0do /s)
  expect(passed).not.toContain('SCRAM-SHA-256')
})
