import type { Socket } from 'node:net'
import { MessageStream } from './message-stream.ts'
import { type ClientKey, loginWithKey } from './scram.ts'
import { type StartupMessage, writeStartupMessage } from './startup-message.ts'
import { readMessage, type WireMessage, writeMessage } from './wire-messages.ts'

/** The server did not let a pooler in. `message` is its ErrorResponse, if it sent one. */
export class BackendRefused extends Error {
  readonly response: Buffer | undefined

  constructor(response: Buffer | undefined) {
    super('The server did not let the pooler in.')
    this.response = response
  }
}

/** A connection of a pooler to the server, logged in as a client. */
export interface PoolerBackend {
  readonly socket: Socket
  /** ParameterStatus messages of the login. */
  readonly parameters: readonly Buffer[]
  /** Process and secret that a cancel request names. */
  readonly cancelKey: Buffer
  /** Receives what the server says from now on, message by message. */
  onMessage: (message: WireMessage) => void
}

const OK = 0
const SASL = 10
const SASL_CONTINUE = 11

/** Logs in on a connection with the key that the client has shown. @throws BackendRefused */
export async function logIn(socket: Socket, startup: StartupMessage, key: ClientKey): Promise<PoolerBackend> {
  const login = loginWithKey(key)
  const parameters: Buffer[] = []
  let cancelKey: Buffer = Buffer.alloc(0)
  return new Promise((resolve, reject) => {
    const answer = (body: Buffer) => {
      const kind = body.readInt32BE(0)
      if (kind === SASL) {
        socket.write(writeMessage('p', 'SCRAM-SHA-256\0', login.clientFirst.length, login.clientFirst))
      } else if (kind === SASL_CONTINUE) {
        socket.write(writeMessage('p', login.finish(body.toString('utf8', 4))))
      } else if (kind !== OK && kind !== 12) reject(new BackendRefused(undefined))
    }
    const backend: { -readonly [Key in keyof PoolerBackend]: PoolerBackend[Key] } = {
      socket,
      parameters,
      cancelKey,
      onMessage({ type, body, bytes }) {
        if (type === 'R') answer(body)
        else if (type === 'S') parameters.push(bytes)
        else if (type === 'K') cancelKey = body
        else if (type === 'E') reject(new BackendRefused(bytes))
        else if (type === 'Z') resolve(Object.assign(backend, { cancelKey, onMessage: () => {} }))
      },
    }
    const messages = new MessageStream({
      wants: () => true,
      whole(_, bytes) {
        backend.onMessage(readMessage(bytes))
        return bytes
      },
    })
    socket.on('data', (chunk) => void messages.push(chunk))
    socket.once('close', () => reject(new BackendRefused(undefined)))
    socket.write(writeStartupMessage(startup))
  })
}
