import type { Socket } from 'node:net'
import { MessageStream } from './message-stream.ts'
import { refuseHashedPasswords } from './refuse-hashed-passwords.ts'
import { readFirstPacket, type StartupMessage, writeStartupMessage } from './startup-message.ts'
import { type ErrorFields, writeErrorResponse } from './wire-messages.ts'

/** What a session asks of the proxy that it goes through. */
export interface Gate {
  /** Where a session may go, or why not; may take as long as a compute takes to wake. */
  admit(message: StartupMessage): Promise<Admission>
  /** Opens a connection to the server behind. @throws when nobody listens there */
  dial(): Promise<Socket>
}

export type Admission =
  | { readonly database: string; readonly message: StartupMessage }
  | { readonly refusal: ErrorFields }

/** Neon's text for a compute that does not answer its proxy. Source: Neon's published source. */
const UNREACHABLE: ErrorFields = { severity: 'ERROR', sqlstate: 'XX000', message: "Couldn't connect to compute node" }
const BROKEN: ErrorFields = { severity: 'FATAL', sqlstate: '08P01', message: 'invalid startup packet' }
/** What PgBouncer 1.18 says of a wrong password, as 08P01. */
const POOLER_LOGIN_FAILED = 'MSASL authentication failed\0'
const NO_ENCRYPTION = 'N'

/** One client's connection, from its first byte until both sides are closed. */
export class ProxySession {
  readonly #client: Socket
  readonly #gate: Gate
  #server: Socket | undefined
  #database: string | undefined
  #isReady = false
  /** When both sides are closed. */
  readonly closed: Promise<void>

  constructor(client: Socket, gate: Gate) {
    this.#client = client
    this.#gate = gate
    // Whatever breaks a socket also closes it, and that is what is listened for.
    client.on('error', () => {})
    this.closed = new Promise((resolve) => {
      client.once('close', () => {
        if (this.#server === undefined || this.#server.closed) return resolve()
        this.#server.once('close', () => resolve())
        if (this.#database !== undefined) this.#server.destroySoon()
      })
    })
  }

  /** The server's name of the database that this session is in or on its way into. */
  get database(): string | undefined {
    return this.#database
  }

  /** Whether the server has let the session in. */
  get isReady(): boolean {
    return this.#isReady
  }

  /** Answers the client's first packets and connects it. */
  begin(): void {
    let bytes: Buffer = Buffer.alloc(0)
    const take = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      for (let packet = readFirstPacket(bytes); packet.kind !== 'incomplete'; packet = readFirstPacket(bytes)) {
        if (packet.kind === 'encryption') {
          bytes = packet.rest
          this.#client.write(NO_ENCRYPTION)
          continue
        }
        this.#client.off('data', take)
        this.#client.pause()
        if (packet.kind === 'invalid') return this.#refuse(BROKEN)
        const going =
          packet.kind === 'cancel' ? this.#passOn(packet.packet) : this.#connect(packet.message, packet.rest)
        going.catch(() => this.destroy())
        return
      }
    }
    this.#client.on('data', take)
    this.#client.once('end', () => {
      if (this.#server === undefined) this.#client.destroySoon()
    })
  }

  /** Tells the server that the client is gone. What the server still says goes to the client, which is closed then. */
  hangUp(): void {
    if (this.#server === undefined) return void this.#client.destroySoon()
    this.#client.unpipe()
    this.#client.removeAllListeners('data')
    this.#client.resume()
    this.#server.end()
  }

  destroy(): void {
    this.#client.destroy()
    this.#server?.destroy()
  }

  #refuse(fields: ErrorFields): void {
    this.#client.resume()
    this.#client.write(writeErrorResponse(fields))
    this.#client.destroySoon()
  }

  /** The server closes when it has done it. A client that does not wait is no reason to hang up: PgBouncer would forget it. */
  async #passOn(cancelRequest: Buffer): Promise<void> {
    const server = await this.#gate.dial()
    this.#join(server)
    server.write(cancelRequest)
  }

  async #connect(message: StartupMessage, rest: Buffer): Promise<void> {
    const admission = await this.#gate.admit(message)
    if ('refusal' in admission) return this.#refuse(admission.refusal)
    this.#database = admission.database
    const server = await this.#gate.dial().catch(() => undefined)
    if (server === undefined) return this.#refuse(UNREACHABLE)
    this.#join(server)
    server.write(writeStartupMessage(admission.message))
    this.#receive(server, message.parameters.get('user') ?? '')
    this.#send(server, rest)
  }

  /** When the server is closed, so is the client, after the last byte. */
  #join(server: Socket): void {
    this.#server = server
    if (this.#client.destroyed) return void server.destroy()
    server.on('error', () => {})
    server.once('close', () => this.#client.destroySoon())
    server.resume()
  }

  #send(server: Socket, rest: Buffer): void {
    const messages = new MessageStream(refuseHashedPasswords)
    const send = (chunk: Buffer) => {
      let isTaken = true
      // What came in one piece goes on in one: PgBouncer takes no part of a message during the login.
      server.cork()
      for (const piece of messages.push(chunk)) isTaken = server.write(piece)
      server.uncork()
      if (isTaken || server.destroyed) return
      this.#client.pause()
      server.once('drain', () => this.#client.resume())
    }
    this.#client.on('data', send)
    this.#client.once('end', () => server.end())
    send(rest)
    this.#client.resume()
  }

  /** Passes on what the server says, as it is from the moment when it is ready. When it is closed, so is the client. */
  #receive(server: Socket, user: string): void {
    const messages = new MessageStream({
      wants: (type) => {
        if (type === 'Z') this.#isReady = true
        return type === 'E'
      },
      whole: (_, message) =>
        message.includes(POOLER_LOGIN_FAILED) ? writeErrorResponse(wrongPassword(user)) : message,
    })
    const receive = (chunk: Buffer) => {
      for (const piece of messages.push(chunk)) this.#client.write(piece)
      if (!this.#isReady) return
      server.off('data', receive)
      server.pipe(this.#client)
    }
    server.on('data', receive)
  }
}

/** On Neon passwords are checked before the pooler is reached. Source of the text: Neon's published source. */
function wrongPassword(user: string): ErrorFields {
  return { severity: 'FATAL', sqlstate: '28P01', message: `password authentication failed for user '${user}'` }
}
