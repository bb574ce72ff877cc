import { expect, test } from 'vitest'
import {
  explainFileError,
  explainOutput,
  isPortTaken,
  meaningfulLine,
} from '../../../src/providers/embedded/server-output.ts'

const directory = '/p/.fleet/postgres'

test.each([
  ['', undefined],
  [
    '2026-01-01 10:00:00.000 UTC [7] FATAL:  data directory is damaged\n2026-01-01 10:00:00.000 UTC [7] HINT:  Look.\n',
    'data directory is damaged',
  ],
  [
    'postgres: error while loading shared libraries: libpq.so.5: cannot open',
    'postgres: error while loading shared libraries: libpq.so.5: cannot open',
  ],
  ['initdb: error: could not create directory "x"\ninitdb: hint: do', 'could not create directory "x"'],
  ['a [1] FATAL:  the real one\nb [2] FATAL:  the database system is starting up\n', 'the real one'],
])('of %j the meaningful line is %j', (output, line) => {
  expect(meaningfulLine(output)).toBe(line)
})

test('a full disk is named, whoever notices it', () => {
  const full = { code: 'EMBEDDED_UNAVAILABLE', message: 'The disk that holds /p/.fleet/postgres is full.' }
  expect(
    explainOutput('initdb failed', 'FATAL:  could not write "x": No space left on device', { directory }),
  ).toMatchObject(full)
  expect(explainFileError(Object.assign(new Error('no'), { code: 'ENOSPC' }), directory)).toMatchObject(full)
})

test('a file in the place of a directory is named', () => {
  const error = Object.assign(new Error('EEXIST: file already exists, mkdir'), { code: 'EEXIST' })
  expect(explainFileError(error, directory)).toMatchObject({
    code: 'EMBEDDED_UNAVAILABLE',
    message: expect.stringContaining('is a file where'),
  })
})

test('an error that is not about files comes back as it is', () => {
  const error = new Error('other')
  expect(explainFileError(error, directory)).toBe(error)
})

test('a taken port is recognised', () => {
  expect(isPortTaken('LOG:  could not bind IPv4 address "127.0.0.1": Address already in use')).toBe(true)
  expect(isPortTaken('FATAL:  could not create any TCP/IP sockets')).toBe(false)
})

test('a user whom the system does not know is told what to do', () => {
  const output = 'initdb: could not look up effective user ID 12345: user does not exist'
  expect(explainOutput('initdb failed', output, { directory })).toMatchObject({
    remedy: expect.stringContaining('/etc/passwd'),
  })
})
