import { expect, test } from 'vitest'
import type { ConnectionDescriptor } from '../../src/model/connection.ts'
import { Secret } from '../../src/model/secret.ts'
import { formatConnectionString, isLoopback, parseConnectionString } from '../../src/postgres/connection-string.ts'

const parsed = (url: string) => {
  const { password, ...address } = parseConnectionString(url)
  return { ...address, password: password?.reveal() }
}

test('everything in a URL is read, percent-encoding resolved', () => {
  expect(parsed('postgres://an%40na:p%3Aw%2F%25@db.example.com:6432/a%20b%2Fc')).toEqual({
    host: 'db.example.com',
    port: 6432,
    database: 'a b/c',
    user: 'an@na',
    password: 'p:w/%',
    tls: 'verify',
  })
})

test.each([
  ['postgres://anna@h', { user: 'anna', database: 'anna', host: 'h', port: 5432, password: undefined }],
  ['postgresql://h/d', { user: 'postgres', database: 'd', host: 'h' }],
  ['postgres:///d', { host: 'localhost', database: 'd', tls: 'off' }],
  ['postgres://anna:pw@/d', { host: 'localhost', user: 'anna', password: 'pw', database: 'd' }],
  ['postgres://anna@[::1]:5433/d', { host: '::1', port: 5433, tls: 'off' }],
  ['postgres://anna@[2001:db8::7]/d', { host: '2001:db8::7', tls: 'verify' }],
  ['postgres://anna:pw@/d?host=/run/postgresql&port=5433', { host: '/run/postgresql', port: 5433, tls: 'off' }],
  ['postgres://anna@%2Frun%2Fpostgresql/d', { host: '/run/postgresql', database: 'd', tls: 'off' }],
  [
    'postgres:///?user=anna&password=p%26w&dbname=d&host=h',
    { user: 'anna', password: 'p&w', database: 'd', host: 'h' },
  ],
])('%s is understood', (url, expected) => {
  expect(parsed(url)).toMatchObject(expected)
})

test.each([
  ['disable', 'off'],
  ['allow', 'no-verify'],
  ['prefer', 'no-verify'],
  ['require', 'no-verify'],
  ['no-verify', 'no-verify'],
  ['verify-ca', 'verify'],
  ['verify-full', 'verify'],
])('sslmode=%s means %s, near and far', (sslmode, tls) => {
  expect(parsed(`postgres://anna@db.example.com/d?sslmode=${sslmode}`).tls).toBe(tls)
  expect(parsed(`postgres://anna@localhost/d?sslmode=${sslmode}`).tls).toBe(tls)
})

test('an sslmode inside the password is not one', () => {
  expect(parsed('postgres://anna:%3Fsslmode=disable@db.example.com/d').tls).toBe('verify')
})

test.each([
  'mysql://anna:hunter2@h/d',
  'postgres://anna:hunter2@h:port/d',
  'postgres://anna:hunter2@h:99999/d',
  'postgres://anna:hunter2%zz@h/d',
  'postgres://anna:hunter2@h/d?sslmode=verify_full',
  'postgres://anna:hunter2@h/d?sslrootcert=/ca.pem',
  'postgres://anna:hunter2@h1:1,h2:2/d',
  'anna:hunter2@h/d',
  '',
])('%s is refused, without its password', (url) => {
  try {
    parseConnectionString(url)
    expect.unreachable()
  } catch (error) {
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' })
    expect(`${(error as Error).stack} ${JSON.stringify(error)} ${(error as Error).cause}`).not.toContain('hunter2')
  }
})

const base: ConnectionDescriptor = {
  host: 'h.example.com',
  port: 5433,
  database: 'd',
  user: 'anna',
  password: new Secret('pw'),
  tls: 'verify',
}
const descriptors: ConnectionDescriptor[] = [
  base,
  { ...base, tls: 'off' },
  { ...base, tls: 'no-verify' },
  { ...base, host: 'localhost', tls: 'off' },
  { ...base, host: 'localhost', tls: 'verify' },
  { ...base, host: '::1', tls: 'off' },
  { ...base, host: '2001:db8::7' },
  { ...base, host: '/run/my socket', tls: 'off' },
  { ...base, user: 'a@b:c/d', database: 'x?y#z%', password: new Secret('p@ss:w/o?r#d%&=+ ') },
  { ...base, password: undefined },
]
test.each(descriptors)('a descriptor is the same after it was written and read: $host $tls $user', (descriptor) => {
  const url = formatConnectionString(descriptor, { reveal: true })
  expect(parsed(url)).toEqual({ ...descriptor, password: descriptor.password?.reveal() })
})

test('a URL has no password unless it is asked for', () => {
  expect(formatConnectionString(base, { reveal: false })).toBe(
    'postgres://anna@h.example.com:5433/d?sslmode=verify-full',
  )
})

test('only what stays on this machine counts as loopback', () => {
  const loopback = ['localhost', '127.0.0.1', '127.8.0.1', '::1', '/run/postgresql']
  const others = ['127.0.0.1.example.com', 'localhost.example.com', '10.0.0.1', '128.0.0.1', '::2']
  expect(loopback.filter((it) => !isLoopback(it))).toEqual([])
  expect(others.filter(isLoopback)).toEqual([])
})
