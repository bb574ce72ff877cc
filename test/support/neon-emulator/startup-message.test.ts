import { describe, expect, test } from 'vitest'
import { readFirstPacket, withParameters, writeStartupMessage } from './startup-message.ts'

const message = {
  version: 0x00030000,
  parameters: new Map([
    ['user', 'neondb_owner'],
    ['database', 'neondb'],
    ['application_name', 'a ü'],
  ]),
}
const words = (...numbers: number[]) => {
  const bytes = Buffer.alloc(numbers.length * 4)
  for (const [i, number] of numbers.entries()) bytes.writeInt32BE(number, i * 4)
  return bytes
}

describe('the first packet', () => {
  test('is read as it was written, at whatever byte it is cut', () => {
    const bytes = Buffer.concat([writeStartupMessage(message), Buffer.from('next')])
    const whole = bytes.length - 4
    for (let length = 0; length < whole; length += 1) {
      expect(readFirstPacket(bytes.subarray(0, length))).toEqual({ kind: 'incomplete' })
    }
    expect(readFirstPacket(bytes)).toEqual({ kind: 'startup', message, rest: Buffer.from('next') })
  })

  test('keeps all parameters but those that are replaced', () => {
    const other = withParameters(message, { user: 'p__neondb_owner', database: 'b1' })
    expect([...other.parameters]).toEqual([
      ['user', 'p__neondb_owner'],
      ['database', 'b1'],
      ['application_name', 'a ü'],
    ])
    expect(message.parameters.get('user')).toBe('neondb_owner')
  })

  test('may ask for encryption, by TLS or GSSAPI', () => {
    for (const code of [80_877_103, 80_877_104]) {
      expect(readFirstPacket(words(8, code))).toEqual({ kind: 'encryption', rest: Buffer.alloc(0) })
    }
  })

  test('may be a cancel request, with a key of any length', () => {
    for (const packet of [words(16, 80_877_102, 7, 9), words(24, 80_877_102, 7, 1, 2, 3)]) {
      expect(readFirstPacket(packet)).toEqual({ kind: 'cancel', packet })
    }
  })

  test.each([
    ['is shorter than it can be', words(7, 0)],
    ['is longer than it may be', words(10_001, 0x00030000)],
    ['is of another protocol', words(8, 0x00020000)],
    ['has a name without a value', Buffer.concat([words(14, 0x00030000), Buffer.from('user\0\0')])],
    ['has no end', Buffer.concat([words(15, 0x00030000), Buffer.from('user\0me')])],
  ])('is invalid when it %s', (_, bytes) => {
    expect(readFirstPacket(bytes)).toEqual({ kind: 'invalid' })
  })
})
