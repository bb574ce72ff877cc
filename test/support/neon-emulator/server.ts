import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Calls, RateLimit } from './calls.ts'
import {
  badRequest,
  CLOUDFLARE_PAGE,
  locked,
  NeonError,
  noSuchRoute,
  notFound,
  tooMany,
  unauthorized,
  unavailable,
  unknown,
} from './errors.ts'
import { answerFaultSwitch, FAULTS_PATH } from './fault-switch.ts'
import type { CallFault } from './faults.ts'
import type { Branch, Endpoint, Project } from './model.ts'
import type { Answer, RouteRequest, Routes } from './route.ts'
import type { Specification, SpecifiedCall } from './specification.ts'
import { branchOf, endpointOf, maintain, type World } from './world.ts'

/** What violates the specification: a request or an answer. */
export interface Violation {
  readonly call: string
  readonly part: 'request' | 'answer'
  readonly problems: readonly string[]
}

export interface ServerOptions {
  readonly world: World
  readonly routes: Routes
  readonly specification: Specification
  readonly apiKey: string
  readonly calls: Calls
  readonly rateLimit: RateLimit | undefined
  readonly latencyMs: number
  readonly validate: boolean
  readonly violations: Violation[]
}

const BASE = '/api/v2'

/** Answers as Neon's API does, on a free port of loopback. */
export class ApiServer {
  readonly #options: ServerOptions
  readonly #server: Server
  readonly #open = new Set<Promise<void>>()

  constructor(options: ServerOptions) {
    this.#options = options
    this.#server = createServer((request, response) => {
      const handled = this.#handle(request, response)
        .catch(() => void response.destroy())
        .finally(() => this.#open.delete(handled))
      this.#open.add(handled)
    })
    // Else a connection that a client keeps is closed under its next request, which is a fault that no test asked for.
    this.#server.keepAliveTimeout = 0
  }

  /** Returns the base URL. */
  async listen(port: number): Promise<string> {
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${BASE}`
  }

  /** Ends the connections, and waits for the requests that are at work. */
  async close(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await Promise.all(this.#open)
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { calls, specification, world } = this.#options
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1')
    const method = request.method ?? 'GET'
    if (pathname === FAULTS_PATH) {
      const { status, body } = await answerFaultSwitch(world, method, await readBody(request))
      response.writeHead(status, body && { 'content-type': 'application/json' }).end(body && JSON.stringify(body))
      return
    }
    const found = pathname.startsWith(BASE) ? specification.find(method, pathname.slice(BASE.length)) : undefined
    const call = found?.call.call ?? 'unknown'
    const isWithinRate = calls.arrive(call, performance.now(), this.#options.rateLimit)
    const text = await readBody(request)
    const send = (status: number, body: object | undefined, headers = {}) =>
      this.#send(response, { call, method, route: found?.call.route ?? pathname, status }, body, headers)
    const lose = () => {
      response.destroy()
      calls.end({ call, method, route: found?.call.route ?? pathname, status: undefined })
    }
    let fault: CallFault | undefined
    try {
      if (request.headers.authorization !== `Bearer ${this.#options.apiKey}`) throw unauthorized()
      if (!isWithinRate) throw tooMany()
      if (!found) throw noSuchRoute()
      fault = world.faults.takeCallFault(call)
      if (fault === 'loseRequest') return lose()
      if (fault === 'hang') {
        await once(response, 'close')
        return lose()
      }
      if (fault === 'cloudflare') return await this.#sendPage(response, { call, method, route: found.call.route })
      throwFault(fault)
      const answer = await this.#answer(found.call, found.path, searchParams, text)
      if (fault === 'loseResponse') return lose()
      await send(answer.status, answer.body)
    } catch (error) {
      const known = error instanceof NeonError ? error : new NeonError(500, `emulator: ${messageOf(error)}`)
      const requestId = request.headers['x-request-id']
      const body = known.body(typeof requestId === 'string' ? requestId : undefined)
      if (found) this.#noteProblems(found.call, { status: known.status, body })
      await send(known.status, body, retryAfter(fault))
    }
  }

  async #answer(
    call: SpecifiedCall,
    path: Record<string, string>,
    search: URLSearchParams,
    text: string,
  ): Promise<Answer> {
    const { world, routes } = this.#options
    const route = routes[call.call]
    if (!route) throw unknown(`${call.call} is not emulated`)
    if (Object.values(path).some((it) => it.length > 256) || !isId(path)) throw noSuchRoute()
    const project = path.project_id === undefined ? undefined : world.projects.get(path.project_id)
    if (project) await maintain(world, project)
    const places = { branch: undefined as Branch | undefined, endpoint: undefined as Endpoint | undefined }
    try {
      if (project && path.branch_id !== undefined) places.branch = branchOf(project, path.branch_id)
      if (project && path.endpoint_id !== undefined) places.endpoint = endpointOf(project, path.endpoint_id)
    } catch (error) {
      if (route.mayBeGone && error instanceof NeonError && error.status === 404) return { status: 204 }
      throw error
    }
    const act = async () => {
      const query = this.#readQuery(call, search)
      const body = readJson(text)
      this.#checkRequest(call, path, query, body)
      const answer = await route.answer(world, requestOf({ project, ...places }, { path, query, body }))
      this.#checkAnswer(call, answer)
      return answer
    }
    return route.mutates && project ? world.operations.mutate(project, act) : act()
  }

  #readQuery({ queryTypes }: SpecifiedCall, search: URLSearchParams): Record<string, unknown> {
    const read = (name: string, text: string) => {
      const type = queryTypes.get(name)
      if (type === 'integer' && /^-?\d+$/.test(text)) return Number(text)
      return type === 'boolean' && /^(true|false)$/.test(text) ? text === 'true' : text
    }
    return Object.fromEntries([...search].map(([name, text]) => [name, read(name, text)]))
  }

  #checkRequest(
    call: SpecifiedCall,
    path: Record<string, string>,
    query: Record<string, unknown>,
    body: unknown,
  ): void {
    const problems = [...call.checkParameters(path, query), ...call.checkBody(body)]
    if (problems.length === 0) return
    if (this.#options.validate) this.#options.violations.push({ call: call.call, part: 'request', problems })
    throw badRequest(`emulator: the request violates the specification: ${problems.join('; ')}`)
  }

  #checkAnswer(call: SpecifiedCall, answer: Answer): void {
    const problems = this.#noteProblems(call, answer)
    if (problems.length > 0) throw new Error(`the answer violates the specification: ${problems.join('; ')}`)
  }

  #noteProblems(call: SpecifiedCall, { status, body }: Answer): readonly string[] {
    if (!this.#options.validate) return []
    const problems = call.checkAnswer(status, body && JSON.parse(JSON.stringify(body)))
    if (problems.length > 0) this.#options.violations.push({ call: call.call, part: 'answer', problems })
    return problems
  }

  async #sendPage(response: ServerResponse, call: { call: string; method: string; route: string }): Promise<void> {
    await this.#delay()
    response.writeHead(524, { 'content-type': 'text/html; charset=UTF-8' }).end(CLOUDFLARE_PAGE)
    this.#options.calls.end({ ...call, status: 524 })
  }

  async #send(
    response: ServerResponse,
    call: { call: string; method: string; route: string; status: number },
    body: object | undefined,
    headers: object,
  ): Promise<void> {
    await this.#delay()
    response.writeHead(call.status, { ...(body && { 'content-type': 'application/json' }), ...headers })
    response.end(body && JSON.stringify(body))
    this.#options.calls.end(call)
  }

  async #delay(): Promise<void> {
    if (this.#options.latencyMs > 0) await delay(this.#options.latencyMs)
  }
}

function requestOf(
  {
    project,
    branch,
    endpoint,
  }: { project: Project | undefined; branch: Branch | undefined; endpoint: Endpoint | undefined },
  rest: Pick<RouteRequest, 'path' | 'query' | 'body'>,
): RouteRequest {
  const demand = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('The path names no such thing.')
    return value
  }
  return {
    ...rest,
    get project() {
      return demand(project)
    },
    get branch() {
      return demand(branch)
    },
    get endpoint() {
      return demand(endpoint)
    },
  }
}

/** Malformed ids match no route. */
function isId({ project_id = 'a', branch_id = 'a', endpoint_id = 'a' }: Record<string, string>): boolean {
  return [project_id, branch_id, endpoint_id].every((it) => /^[a-z0-9-]{1,60}$/.test(it))
}

function throwFault(fault: CallFault | undefined): void {
  if (fault === 'locked') throw locked()
  if (fault === 'unavailable') throw unavailable()
  if (fault === 'notFound') throw notFound('object')
  if (typeof fault === 'object') throw tooMany()
}

function retryAfter(fault: CallFault | undefined): object {
  const after = typeof fault === 'object' ? fault.tooMany.retryAfter : undefined
  if (after === undefined) return {}
  return { 'retry-after': typeof after === 'number' ? String(after) : after.toUTCString() }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

function readJson(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch (error) {
    throw badRequest(`invalid JSON: ${messageOf(error)}`)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
