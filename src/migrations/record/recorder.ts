import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'
import { systemClock } from '../../lib/clock.ts'
import type { DynamicReason } from '../../model/assessment.ts'
import type { RecorderMessage, RecorderSetup, RecordRequest, StartRecorder } from './messages.ts'
import type { RecordedQuery } from './recording.ts'

export interface RecorderOptions extends StartRecorder {
  /** How long one migration may take, in milliseconds. */
  readonly timeout: number
}

/** What was seen of a migration in one process. */
export interface Observation {
  /** What it sends to a tenant without rows; undefined: it did not get to the end of that. */
  readonly queries: readonly RecordedQuery[] | undefined
  readonly reasons: readonly DynamicReason[]
}

/**
 * A process in which migrations run against nothing. It is kept for the next one, unless one broke it: it hangs, it has ended, or
 * something failed that nobody waited for, be it long after.
 */
export class Recorder {
  readonly #options: RecorderOptions
  #child: Promise<ChildProcess> | undefined

  constructor(options: RecorderOptions) {
    this.#options = options
  }

  /**
   * Runs a migration, one at a time. Whatever it does to its process is a reason, not an error.
   * @throws the signal's reason, or an Error when the process cannot be started
   */
  async record(request: RecordRequest, signal: AbortSignal | undefined): Promise<Observation> {
    const child = await this.#intact()
    signal?.throwIfAborted()
    const { observation, intact } = await observe(child, request, { ...this.#options, signal })
    if (!intact) await this.close()
    signal?.throwIfAborted()
    return observation
  }

  /** Ends the process. May be called twice. */
  async close(): Promise<void> {
    // One that is just starting is waited for: it would be left behind. One that could not start has ended.
    const child = await this.#child?.catch(() => undefined)
    this.#child = undefined
    if (child !== undefined) await end(child)
  }

  async #intact(): Promise<ChildProcess> {
    const child = await this.#child?.catch(() => undefined)
    if (child !== undefined && !child.killed && !hasEnded(child)) return child
    this.#child = this.#start()
    return this.#child
  }

  async #start(): Promise<ChildProcess> {
    const { clockShift, random, setup } = this.#options
    const start: StartRecorder = { clockShift, random, setup }
    const child = fork(PROCESS, [JSON.stringify(start)], {
      env: { ...(needsEnvironment(setup) ? process.env : withoutSecrets(process.env)), TZ: 'UTC' },
      execArgv: process.execArgv.filter((flag) => !flag.startsWith('--inspect')),
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    // It is seen by the process not answering.
    child.on('error', () => {})
    child.on('message', ({ kind }: RecorderMessage) => kind === 'broken' && child.kill('SIGKILL'))
    const failure = await firstWord(child)
    if (failure === undefined) return child
    await end(child)
    throw new Error(`The process that records migrations could not be started: ${failure}`)
  }
}

const PROCESS = new URL(`./recorder-process${extname(import.meta.url)}`, import.meta.url)

async function observe(
  child: ChildProcess,
  request: RecordRequest,
  { timeout, signal }: Pick<RecorderOptions, 'timeout'> & { readonly signal: AbortSignal | undefined },
): Promise<{ observation: Observation; intact: boolean }> {
  const over = new AbortController()
  let queries: Observation['queries']
  const outcome = await new Promise<readonly DynamicReason[] | string>((resolve) => {
    const listen = { signal: over.signal }
    on(child, 'message', listen, (message: RecorderMessage) => {
      if (message.kind === 'base') queries = message.queries
      if (message.kind === 'done') resolve(message.reasons)
      if (message.kind === 'broken') resolve(message.message)
    })
    on(child, 'exit', listen, (code: number | null, killedBy: string | null) => resolve(ended(code, killedBy)))
    signal?.addEventListener('abort', () => resolve('The recording was stopped.'), listen)
    void systemClock.sleep(timeout, over.signal).then(() => resolve(`It did not end within ${timeout / 1_000} s.`))
    child.send(request, (error) => error !== null && resolve(error.message))
  })
  over.abort()
  if (typeof outcome !== 'string') return { observation: { queries, reasons: outcome }, intact: true }
  return { observation: { queries, reasons: [{ message: outcome, sql: null, line: null }] }, intact: false }
}

/** Resolves when the process is ready, with what went wrong if it never will be. */
function firstWord(child: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    child.once('message', (message: RecorderMessage) => resolve('message' in message ? message.message : undefined))
    child.once('exit', (code, killedBy) => resolve(ended(code, killedBy)))
    child.once('error', (error) => resolve(error.message))
  })
}

function on<A extends unknown[]>(
  child: ChildProcess,
  event: string,
  { signal }: { signal: AbortSignal },
  listener: (...args: A) => void,
): void {
  const typed = (...args: unknown[]) => listener(...(args as A))
  child.on(event, typed)
  signal.addEventListener('abort', () => child.off(event, typed))
}

function ended(code: number | null, killedBy: string | null): string {
  return `It ended its process (${killedBy ?? `exit code ${code}`}).`
}

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return
  const exit = once(child, 'exit')
  // A migration may have left anything behind: nothing less ends it for certain.
  child.kill('SIGKILL')
  await exit
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

/** Only a configuration needs what is in our environment: passwords, mostly. */
function needsEnvironment(setup: RecorderSetup | null): boolean {
  return setup !== null && setup.environment !== 'none'
}

/** What Node needs to start, and flags for it. */
function withoutSecrets(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const needed = /^(NODE_.*|NO_COLOR|PATH|SYSTEMROOT|TEMP|TMP|TMPDIR)$/i
  return Object.fromEntries(Object.entries(environment).filter(([variable]) => needed.test(variable)))
}
