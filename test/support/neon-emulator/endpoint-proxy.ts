import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Socket } from 'node:net'
import { systemClock } from '../../../src/lib/clock.ts'
import type { ComputeProxy, ComputeProxyOptions, NameMap } from './data-plane.ts'
import { type Admission, ProxySession } from './proxy-session.ts'
import { type StartupMessage, withParameters } from './startup-message.ts'

const PATIENCE_MS = 2_000

/** What is behind a proxy. */
export interface ComputeServer {
  /** PostgreSQL, or a pooler before it. */
  readonly address: NetConnectOpts
  /** Ends the sessions in these databases with 57P01 and waits until they are gone. */
  endSessions(databases: readonly string[]): Promise<void>
}

/** Opens a port on loopback behind which a compute seems to be, that can sleep, wake and fail. */
export async function openEndpointProxy(server: ComputeServer, options: ComputeProxyOptions): Promise<ComputeProxy> {
  const proxy = new EndpointProxy(server, options)
  await proxy.listen()
  return proxy
}

class EndpointProxy implements ComputeProxy {
  readonly #server: ComputeServer
  readonly #options: ComputeProxyOptions
  readonly #listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client))
  readonly #sessions = new Set<ProxySession>()
  #map: NameMap
  #isSuspended = false
  #waking: Promise<void> | undefined
  #refusal: { readonly text: string; times: number } | undefined
  #isDead = false

  constructor(server: ComputeServer, options: ComputeProxyOptions) {
    this.#server = server
    this.#options = options
    this.#map = options.map
  }

  async listen(): Promise<void> {
    this.#listener.listen(0, '127.0.0.1')
    await once(this.#listener, 'listening')
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port
  }

  get isSuspended(): boolean {
    return this.#isSuspended
  }

  point(map: NameMap): void {
    this.#map = map
  }

  async suspend(): Promise<void> {
    this.#isSuspended = true
    await this.#endSessions()
  }

  cut(): Promise<void> {
    return this.#endSessions()
  }

  refuse(text: string | undefined, times = Number.POSITIVE_INFINITY): void {
    this.#refusal = text === undefined ? undefined : { text, times }
  }

  neverWakes(on: boolean): void {
    this.#isDead = on
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#listener.close(() => resolve()))
    for (const session of this.#sessions) session.destroy()
    await closed
  }

  #accept(client: Socket): void {
    const session = new ProxySession(client, {
      admit: (message) => this.#admit(message),
      dial: () => dial(this.#server.address),
    })
    this.#sessions.add(session)
    session.closed.then(
      () => this.#sessions.delete(session),
      () => {},
    )
    // Who is not listened to is not even told that there is no encryption.
    if (!this.#isDead) session.begin()
  }

  async #admit(message: StartupMessage): Promise<Admission> {
    const refusal = this.#nextRefusal()
    if (refusal !== undefined) return { refusal: { severity: 'ERROR', sqlstate: 'XX000', message: refusal } }
    const unsupported = this.#options.pooled ? optionIn(message) : undefined
    if (unsupported !== undefined) {
      const text = `unsupported startup parameter in options: ${unsupported}`
      return { refusal: { severity: 'FATAL', sqlstate: '08P01', message: text } }
    }
    // Suspended again while it woke: it is woken again.
    while (this.#isSuspended) await this.#wake()
    const user = message.parameters.get('user') ?? ''
    const name = message.parameters.get('database') || user
    const database = this.#map.databases.get(name)
    if (database === undefined) {
      return { refusal: { severity: 'FATAL', sqlstate: '3D000', message: `database "${name}" does not exist` } }
    }
    return { database, message: withParameters(message, { database, user: this.#map.roles.get(user) ?? user }) }
  }

  #nextRefusal(): string | undefined {
    const refusal = this.#refusal
    if (refusal === undefined || refusal.times <= 0) return undefined
    refusal.times -= 1
    return refusal.text
  }

  #wake(): Promise<void> {
    this.#waking ??= this.#start().finally(() => {
      this.#waking = undefined
    })
    return this.#waking
  }

  async #start(): Promise<void> {
    this.#options.onWake()
    await systemClock.sleep(this.#options.coldStartMs)
    this.#isSuspended = false
  }

  async #endSessions(): Promise<void> {
    const sessions = [...this.#sessions].filter((session) => session.database !== undefined)
    const open = sessions.map((session) => session.database as string)
    // Who has not been let in yet has no backend that could be told, or has one in a moment, of which nobody would be told.
    for (const session of sessions) if (!session.isReady) session.hangUp()
    await this.#server.endSessions([...new Set([...open, ...this.#map.databases.values()])])
    // The server has closed those of its own; a pooler keeps clients that were not inside.
    if (this.#options.pooled) for (const session of sessions) session.hangUp()
    await closedWithin(PATIENCE_MS, sessions)
  }
}

/** A client that does not read what it is told is not waited for any longer than this. */
async function closedWithin(ms: number, sessions: readonly ProxySession[]): Promise<void> {
  const all = Promise.all(sessions.map((session) => session.closed))
  const patience = new AbortController()
  await Promise.race([all, systemClock.sleep(ms, patience.signal)])
  patience.abort()
  for (const session of sessions) session.destroy()
  await all
}

async function dial(address: NetConnectOpts): Promise<Socket> {
  const socket = connect({ ...address, allowHalfOpen: true, noDelay: true })
  await once(socket, 'connect')
  return socket
}

/** The first setting in the startup options, which a pooler cannot keep for one client: `-c name=value` or `--name=value`. */
function optionIn({ parameters }: StartupMessage): string | undefined {
  const options = parameters.get('options')?.trim()
  if (!options) return undefined
  return /^(?:-c\s*|--)([^=\s]+)/.exec(options)?.[1] ?? options
}
