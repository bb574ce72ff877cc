import { once } from 'node:events'
import type { Socket } from 'node:net'
import { MessageStream } from './message-stream.ts'
import { BackendRefused, logIn, type PoolerBackend } from './pooler-backend.ts'
import { type ClientKey, checkLogin, readScramSecret } from './scram.ts'
import { readFirstPacket, type StartupMessage, writeCancelRequest } from './startup-message.ts'
import { readMessage, type WireMessage, writeErrorResponse, writeMessage } from './wire-messages.ts'

/** What a session of the worst pooler needs of the world. */
export interface PoolerWorld {
  /** Opens a connection to the server. */
  dial(): Promise<Socket>
  /** Reads the stored secret of a role that may log in. */
  secretOf(user: string): Promise<string | undefined>
  /** What this client is told to cancel with. */
  readonly cancelKey: Buffer
  /** Cancels what the client with this key is doing. */
  cancel(key: Buffer): Promise<void>
}

/** After these the server answers ReadyForQuery: Query, Sync, FunctionCall. */
const ENDS_A_TURN = ['Q', 'S', 'F']
/** CopyData, CopyDone and CopyFail belong to the turn that is on. */
const OF_A_COPY = ['d', 'c', 'f']

/** One client of the worst pooler; it comes through the endpoint proxy, so that its first packet is one that can be read. */
export class WorstPoolerSession {
  readonly #client: Socket
  readonly #world: PoolerWorld
  readonly #incoming: AsyncGenerator<WireMessage, undefined>
  #rest: Buffer = Buffer.alloc(0)
  #startup: StartupMessage | undefined
  #key: ClientKey | undefined
  readonly #backends: (PoolerBackend | undefined)[] = [undefined, undefined]
  #turn = 0
  /** The backend that a transaction, or a batch of messages, is with. */
  #linked: PoolerBackend | undefined
  #onReady: (() => void) | undefined

  constructor(client: Socket, world: PoolerWorld) {
    this.#client = client
    this.#world = world
    this.#incoming = this.#messages()
  }

  /** Logs the client in and serves it until it leaves. */
  async begin(): Promise<void> {
    const packet = await this.#firstPacket()
    if (packet.kind === 'cancel') {
      await this.#world.cancel(packet.packet.subarray(8))
      this.#client.end()
      return
    }
    if (packet.kind !== 'startup') return void this.#client.destroy()
    this.#startup = packet.message
    this.#rest = packet.rest
    this.#client.once('close', () => {
      for (const backend of this.#backends) backend?.socket.end(writeMessage('X'))
    })
    try {
      if (await this.#logIn(packet.message.parameters.get('user') ?? '')) await this.#serve()
    } catch (error) {
      if (!(error instanceof BackendRefused)) throw error
      this.#client.end(error.response ?? fatal('08006', 'server login failed'))
    }
  }

  async cancel(): Promise<void> {
    const key = this.#linked?.cancelKey
    if (key === undefined) return
    const socket = await this.#world.dial()
    socket.end(writeCancelRequest(key)).resume()
    await once(socket, 'close')
  }

  async #firstPacket() {
    let bytes: Buffer = Buffer.alloc(0)
    for await (const chunk of this.#client.iterator({ destroyOnReturn: false })) {
      bytes = Buffer.concat([bytes, chunk as Buffer])
      const packet = readFirstPacket(bytes)
      if (packet.kind !== 'incomplete') return packet
    }
    return readFirstPacket(bytes)
  }

  async *#messages(): AsyncGenerator<WireMessage, undefined> {
    const whole: WireMessage[] = []
    const stream = new MessageStream({
      wants: () => true,
      whole(_, bytes) {
        whole.push(readMessage(bytes))
        return bytes
      },
    })
    stream.push(this.#rest)
    yield* whole.splice(0)
    for await (const chunk of this.#client) {
      stream.push(chunk as Buffer)
      yield* whole.splice(0)
    }
    return undefined
  }

  /** The server's side of SCRAM, and what the server's own login says. */
  async #logIn(user: string): Promise<boolean> {
    const refuse = () => {
      this.#client.end(fatal('28P01', `password authentication failed for user "${user}"`))
      return false
    }
    const secret = readScramSecret((await this.#world.secretOf(user)) ?? '')
    if (secret === undefined) return refuse()
    this.#client.write(writeMessage('R', 10, 'SCRAM-SHA-256\0\0'))
    const first = await this.#next()
    // The mechanism, a zero byte and a length precede it.
    const check = first && checkLogin(secret, first.body.toString('utf8', first.body.indexOf(0) + 5))
    if (!check) return refuse()
    this.#client.write(writeMessage('R', 11, check.serverFirst))
    const proven = check.finish((await this.#next())?.body.toString() ?? '')
    if (proven === undefined) return refuse()
    this.#key = proven.clientKey
    const backend = await this.#backend()
    this.#client.cork()
    this.#client.write(writeMessage('R', 12, proven.serverFinal))
    this.#client.write(writeMessage('R', 0))
    for (const parameter of backend.parameters) this.#client.write(parameter)
    this.#client.write(writeMessage('K', this.#world.cancelKey))
    this.#client.write(writeMessage('Z', 'I'))
    this.#client.uncork()
    return true
  }

  async #next(): Promise<WireMessage | undefined> {
    return (await this.#incoming.next()).value
  }

  /** One turn after the other: what was asked is answered before the next is sent, perhaps elsewhere. */
  async #serve(): Promise<void> {
    let ready = Promise.resolve()
    for await (const message of this.#incoming) {
      if (!OF_A_COPY.includes(message.type)) await ready
      if (message.type === 'X' || this.#client.destroyed) break
      this.#linked ??= await this.#backend()
      if (ENDS_A_TURN.includes(message.type)) {
        ready = new Promise((resolve) => {
          this.#onReady = resolve
        })
      }
      if (!this.#linked.socket.write(message.bytes)) await drained(this.#linked.socket)
    }
    this.#client.end()
  }

  /** The backend whose turn it is: the one that there was, unless the server has closed it. */
  async #backend(): Promise<PoolerBackend> {
    const turn = this.#turn
    const open = this.#backends[turn]
    if (open !== undefined) return open
    const [startup, key] = [this.#startup, this.#key]
    if (startup === undefined || key === undefined) throw new BackendRefused(undefined)
    const backend = await logIn(await this.#world.dial(), startup, key)
    if (this.#client.closed) backend.socket.end(writeMessage('X'))
    this.#backends[turn] = backend
    backend.onMessage = (message) => this.#receive(backend, message)
    backend.socket.once('close', () => {
      this.#backends[turn] = undefined
      // Who was inside has been told why, and cannot go on elsewhere.
      if (this.#linked === backend) this.#client.end()
      this.#onReady?.()
    })
    return backend
  }

  #receive(backend: PoolerBackend, { type, body, bytes }: WireMessage): void {
    // Notices and the end of a connection that nobody is using are nobody's.
    if (this.#linked !== backend) return
    const isTaken = this.#client.write(bytes)
    if (!isTaken) {
      backend.socket.pause()
      this.#client.once('drain', () => backend.socket.resume())
    }
    if (type !== 'Z') return
    if (body.toString() === 'I') {
      this.#linked = undefined
      this.#turn = 1 - this.#turn
    }
    this.#onReady?.()
  }
}

/** Also when the socket is closed instead. */
async function drained(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    socket.once('drain', resolve)
    socket.once('close', () => resolve())
  })
}

function fatal(sqlstate: string, message: string): Buffer {
  return writeErrorResponse({ severity: 'FATAL', sqlstate, message })
}
