import type { Address, ConnectionDescriptor, Tls } from '../model/connection.ts'
import { FleetError } from '../model/errors.ts'
import { Secret } from '../model/secret.ts'

const SSLMODES: Readonly<Record<string, Tls>> = {
  disable: 'off',
  allow: 'no-verify',
  prefer: 'no-verify',
  require: 'no-verify',
  'no-verify': 'no-verify',
  'verify-ca': 'verify',
  'verify-full': 'verify',
}

/**
 * Reads a `postgres://` URL as libpq does. TLS is on and verified unless the host is loopback or `sslmode` says
 * otherwise (`disable`; `no-verify`, `require`, `prefer` and `allow` encrypt without verifying).
 * @throws FleetError CONFIG_INVALID, without the URL in it: it may hold a password
 */
export function parseConnectionString(text: string): ConnectionDescriptor {
  if (!/^postgres(ql)?:\/\//.test(text)) throw invalid('must begin with postgres:// or postgresql://.')
  const url = readUrl(text)
  if (url === undefined) throw invalid('cannot be read. Special characters in it must be percent-encoded.')
  if (url.searchParams.has('sslrootcert') || url.searchParams.has('sslcert')) {
    throw new FleetError('CONFIG_INVALID', 'A database URL cannot name certificate files (sslrootcert, sslcert).', {
      remedy: 'Leave them out, and name the file of your certificate authority in NODE_EXTRA_CA_CERTS.',
    })
  }
  const query = (name: string) => url.searchParams.get(name) || undefined
  const host = query('host') ?? (decode(url.hostname).replace(/^\[(.*)\]$/, '$1') || 'localhost')
  const user = query('user') ?? (decode(url.username) || 'postgres')
  const password = query('password') ?? decode(url.password)
  return {
    host,
    port: readPort(query('port') ?? (url.port || '5432')),
    database: query('dbname') ?? (decode(url.pathname.slice(1)) || user),
    user,
    password: password === '' ? undefined : new Secret(password),
    tls: readTls(query('sslmode'), host),
  }
}

/** Writes a descriptor as a URL; without the password unless `reveal` is set. */
export function formatConnectionString(to: ConnectionDescriptor, { reveal }: { reveal: boolean }): string {
  const encode = encodeURIComponent
  const password = reveal && to.password ? `:${encode(to.password.reveal())}` : ''
  const socket = to.host.startsWith('/')
  // A URL with a user needs a host: the socket's directory in the query counts instead, for libpq too.
  const host = socket ? 'localhost' : to.host.includes(':') ? `[${to.host}]` : to.host
  const query = new URLSearchParams()
  if (socket) query.set('host', to.host)
  if (to.tls === 'off' && !isLoopback(to.host)) query.set('sslmode', 'disable')
  if (to.tls === 'no-verify') query.set('sslmode', 'no-verify')
  if (to.tls === 'verify') query.set('sslmode', 'verify-full')
  const suffix = query.size > 0 ? `?${query}` : ''
  return `postgres://${encode(to.user)}${password}@${host}:${to.port}/${encode(to.database)}${suffix}`
}

/** Says whether traffic to a host stays on this machine. */
export function isLoopback(host: string): boolean {
  return host.startsWith('/') || host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

/** Returns the part of a descriptor that may be stored and printed. */
export function addressOf({ host, port, database, user, tls }: ConnectionDescriptor): Address {
  return { host, port, database, user, tls }
}

/** Node refuses a user without a host (`user@/database`), which libpq takes. */
function readUrl(text: string): URL | undefined {
  return URL.parse(text) ?? URL.parse(text.replace(/@(?=[:/?]|$)/, '@localhost')) ?? undefined
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch (cause) {
    throw invalid('has a % that does not begin a percent-encoded character. Write %25 for it.', { cause })
  }
}

function readPort(text: string): number {
  const port = Number(text)
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw invalid('has a port that is not a number between 1 and 65535.')
}

function readTls(sslmode: string | undefined, host: string): Tls {
  if (sslmode === undefined) return isLoopback(host) ? 'off' : 'verify'
  const tls = SSLMODES[sslmode]
  if (tls !== undefined) return tls
  throw invalid(`has an sslmode that does not exist. It is one of: ${Object.keys(SSLMODES).join(', ')}.`)
}

function invalid(what: string, options: ErrorOptions = {}): FleetError {
  return new FleetError('CONFIG_INVALID', `A database URL ${what}`, options)
}
