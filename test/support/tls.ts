import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls, getCACertificates, setDefaultCACertificates, TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { makeTestDirectory } from './test-directory.ts'

export interface Certificate {
  readonly key: string
  readonly cert: string
}

/** Makes a certificate for localhost that this process accepts from now on. Needs openssl. */
export async function trustedCertificate(): Promise<Certificate> {
  const directory = await makeTestDirectory()
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc']
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '1']
  await promisify(execFile)('openssl', ['req', '-x509', ...curve, ...name, '-keyout', key, '-out', cert])
  const made = { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') }
  await rm(directory, { recursive: true })
  setDefaultCACertificates([...getCACertificates('default'), made.cert])
  return made
}

/** In a message of its own, before all else. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])
const YES = 'S'

export interface TlsRelay {
  readonly port: number
  stop(): void
}

/** Starts what speaks TLS to PostgreSQL's clients, with a certificate of its own, and passes on what they say to a server. */
export async function startTlsRelay(
  { key, cert }: Certificate,
  { port, isTls }: { readonly port: number; readonly isTls: boolean },
): Promise<TlsRelay> {
  const sockets = new Set<Socket>()
  const server = createServer(async (client) => {
    const upstream = connect(port, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        client.destroy()
        upstream.destroy()
      })
    }
    await once(client, 'data')
    client.write(YES)
    const secured = new TLSSocket(client, { isServer: true, key, cert })
    let server: Socket = upstream
    if (isTls) {
      upstream.write(SSL_REQUEST)
      await once(upstream, 'data')
      server = connectTls({ socket: upstream, rejectUnauthorized: false })
    }
    for (const socket of [secured, server]) socket.on('error', () => {})
    secured.pipe(server).pipe(secured)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
