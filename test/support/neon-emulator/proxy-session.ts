import type { Socket } from 'node:net'
import { type ErrorFields, writeErrorResponse } from './error-response.ts'
import { MessageStream } from './message-stream.ts'
import { refuseHashedPasswords } from './refuse-hashed-passwords.ts'
import { readFirstPacket, type StartupMessage, writeStartupMessage } from './startup-message.ts'

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
        this.#server.destroySoon()
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

  async #passOn(cancelRequest: Buffer): Promise<void> {
    const server = await this.#gate.dial()
    this.#join(server)
    server.end(cancelRequest)
  }

  async #connect(message: StartupMessage, rest: Buffer): Promise<void> {
    const admission = await this.#gate.admit(message)
    if ('refusal' in admission) return this.#refuse(admission.refusal)
    this.#database = admission.database
    const server = await this.#gate.dial().catch(() => undefined)
    if (server === undefined) return this.#refuse(UNREACHABLE)
    this.#join(server)
    server.write(writeStartupMessage(admission.message))
    this.#watchForReady(server)
    this.#send(server, rest)
  }

  /** What the server says goes to the client as it is; when it is closed, so is the client after the last byte. */
  #join(server: Socket): void {
    this.#server = server
    if (this.#client.destroyed) return void server.destroy()
    server.on('error', () => {})
    server.once('close', () => this.#client.destroySoon())
    server.pipe(this.#client)
  }

  #send(server: Socket, rest: Buffer): void {
    const messages = new MessageStream(refuseHashedPasswords)
    const send = (chunk: Buffer) => {
      let isTaken = true
      for (const piece of messages.push(chunk)) isTaken = server.write(piece)
      if (isTaken || server.destroyed) return
      this.#client.pause()
      server.once('drain', () => this.#client.resume())
    }
    this.#client.on('data', send)
    this.#client.once('end', () => server.end())
    send(rest)
    this.#client.resume()
  }

  #watchForReady(server: Socket): void {
    const messages = new MessageStream({
      wants: (type) => {
        if (type === 'Z') this.#isReady = true
        return false
      },
      whole: (_, message) => message,
    })
    const watch = (chunk: Buffer) => {
      messages.push(chunk)
      if (this.#isReady) server.off('data', watch)
    }
    server.on('data', watch)
  }
}
