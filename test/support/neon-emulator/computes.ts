import { closeClient, openClient } from '../../../src/postgres/connect.ts'
import { parseConnectionString } from '../../../src/postgres/connection-string.ts'
import type { ComputeProxy, DataPlane, NameMap } from './data-plane.ts'
import type { EmulatorClock } from './emulator-clock.ts'
import { limitExceeded, notFound, unknown } from './errors.ts'
import type { Faults } from './faults.ts'
import type { Limits } from './limits.ts'
import type { Branch, Endpoint, Project, Role } from './model.ts'
import type { Operations } from './operations.ts'

/** What Neon's proxy says of a compute that is not there yet: clients try again. Source: Neon's published source. */
const NOT_THERE_YET = "Couldn't connect to compute node"
const TOO_MANY_ACTIVE = 'You have exceeded the limit of concurrently active endpoints'

export interface EndpointOptions {
  readonly id: string
  readonly minCu: number
  readonly maxCu: number
  readonly suspendTimeoutSeconds: number
}

/** The ports behind endpoints. */
export class Computes {
  readonly #dataPlane: DataPlane
  readonly #clock: EmulatorClock
  readonly #operations: Operations
  readonly #faults: Faults
  readonly #limits: Limits
  /** Those that cannot be woken while as many run as may. */
  readonly #barred = new Set<string>()
  /** By endpoint: opened when its URI is first asked for. */
  readonly #pooled = new Map<string, ComputeProxy>()

  constructor(dataPlane: DataPlane, clock: EmulatorClock, operations: Operations, faults: Faults, limits: Limits) {
    this.#dataPlane = dataPlane
    this.#clock = clock
    this.#operations = operations
    this.#faults = faults
    this.#limits = limits
  }

  /** Opens the port of a new endpoint, behind which there is no database yet. */
  async open(project: Project, branch: Branch, { id, ...options }: EndpointOptions): Promise<Endpoint> {
    const now = this.#clock.now()
    const direct = await this.#openProxy(project, id, { databases: new Map(), roles: new Map() }, false)
    direct.refuse(NOT_THERE_YET)
    const endpoint: Endpoint = {
      id,
      branchId: branch.id,
      ...options,
      createdAt: now,
      updatedAt: now,
      startedAt: undefined,
      suspendedAt: undefined,
      lastActiveAt: undefined,
      isStarting: true,
      direct,
    }
    project.endpoints.set(id, endpoint)
    return endpoint
  }

  /** Lets new sessions into the branch's database. */
  point(project: Project, endpoint: Endpoint): void {
    const branch = project.branches.get(endpoint.branchId)
    if (branch?.database === undefined) throw new Error(`Branch ${endpoint.branchId} has no database.`)
    for (const proxy of this.proxiesOf(endpoint)) {
      proxy.point(mapOf(branch))
      if (endpoint.isStarting) proxy.refuse(undefined)
    }
    if (endpoint.isStarting) this.#noteActive(project, endpoint)
    endpoint.isStarting = false
    this.#keepLimit(project)
  }

  /** Ends the sessions; they find what the endpoint points to now when they come again. */
  async cut(endpoint: Endpoint): Promise<void> {
    for (const proxy of this.proxiesOf(endpoint)) await proxy.cut()
  }

  async suspend(project: Project, endpoint: Endpoint): Promise<void> {
    for (const proxy of this.proxiesOf(endpoint)) await proxy.suspend()
    endpoint.suspendedAt = this.#clock.now()
    endpoint.updatedAt = this.#clock.now()
    this.#keepLimit(project)
  }

  /** Wakes the compute as anybody does: by a connection. */
  async start(project: Project, endpoint: Endpoint): Promise<void> {
    if (!endpoint.direct.isSuspended) return
    const branch = project.branches.get(endpoint.branchId)
    const [role] = branch?.roles ?? []
    const [database] = branch?.databases ?? []
    if (!role || !database) throw new Error(`Branch ${endpoint.branchId} has no role to connect with.`)
    const uri = uriOf(role, database.name, endpoint.direct.port)
    await closeClient(await openClient(parseConnectionString(uri), { applicationName: 'compute_ctl' }))
  }

  async close(project: Project, endpoint: Endpoint): Promise<void> {
    for (const proxy of this.proxiesOf(endpoint)) await proxy.close()
    this.#pooled.delete(endpoint.id)
    this.#barred.delete(endpoint.id)
    project.endpoints.delete(endpoint.id)
    this.#keepLimit(project)
  }

  /** A connection string that works here. @throws NeonError 501 where there is no pooler */
  async uri(project: Project, endpoint: Endpoint, { role, database, pooled }: UriRequest): Promise<string> {
    const proxy = pooled ? await this.#pooledTwin(project, endpoint) : endpoint.direct
    return uriOf(role, database, proxy.port)
  }

  stateOf(endpoint: Endpoint): 'init' | 'active' | 'idle' {
    if (endpoint.isStarting) return 'init'
    return this.proxiesOf(endpoint).every((it) => it.isSuspended) ? 'idle' : 'active'
  }

  proxiesOf(endpoint: Endpoint): readonly ComputeProxy[] {
    const pooled = this.#pooled.get(endpoint.id)
    return pooled ? [endpoint.direct, pooled] : [endpoint.direct]
  }

  /** @throws NeonError when one more compute than the plan allows would run in the project */
  refuseActive(project: Project, branch: Branch | undefined): void {
    if (branch?.isDefault || !this.#isFull(project)) return
    throw limitExceeded('ACTIVE_ENDPOINTS', this.#limits.activeEndpoints)
  }

  async #pooledTwin(project: Project, endpoint: Endpoint): Promise<ComputeProxy> {
    const open = this.#pooled.get(endpoint.id)
    if (open) return open
    const branch = project.branches.get(endpoint.branchId)
    if (branch?.database === undefined) throw notFound('database')
    const proxy = await this.#openProxy(project, endpoint.id, mapOf(branch), true).catch((error: unknown) => {
      throw unknown(`no pooler: ${error instanceof Error ? error.message : error}`)
    })
    const twin = this.#pooled.get(endpoint.id)
    if (twin) {
      await proxy.close()
      return twin
    }
    if (endpoint.direct.isSuspended) await proxy.suspend()
    this.#pooled.set(endpoint.id, proxy)
    return proxy
  }

  #openProxy(project: Project, endpointId: string, map: NameMap, pooled: boolean): Promise<ComputeProxy> {
    const faults = this.#faults
    return this.#dataPlane.openProxy({
      map,
      pooled,
      get coldStartMs() {
        return faults.coldStartMs
      },
      onWake: () => {
        const endpoint = project.endpoints.get(endpointId)
        if (!endpoint) return
        this.#noteActive(project, endpoint)
        const { branchId } = endpoint
        const work = async () => this.#keepLimit(project)
        this.#operations.schedule(project, [{ action: 'start_compute', branchId, endpointId, work }], {
          conflicts: false,
        })
      },
    })
  }

  #noteActive(project: Project, endpoint: Endpoint): void {
    const now = this.#clock.now()
    endpoint.startedAt = now
    endpoint.lastActiveAt = now
    endpoint.suspendedAt = undefined
    project.lastActiveAt = now
  }

  #isFull(project: Project): boolean {
    const active = [...project.endpoints.values()].filter(
      (it) => this.stateOf(it) !== 'idle' && !project.branches.get(it.branchId)?.isDefault,
    )
    return active.length >= this.#limits.activeEndpoints
  }

  /** While as many computes run as may, those that sleep cannot be woken. */
  #keepLimit(project: Project): void {
    const isFull = this.#isFull(project)
    for (const endpoint of project.endpoints.values()) {
      const isIdle = this.stateOf(endpoint) === 'idle'
      const isBarred = isFull && isIdle && !project.branches.get(endpoint.branchId)?.isDefault
      if (isBarred === this.#barred.has(endpoint.id)) continue
      if (isBarred) this.#barred.add(endpoint.id)
      else this.#barred.delete(endpoint.id)
      for (const proxy of this.proxiesOf(endpoint)) proxy.refuse(isBarred ? TOO_MANY_ACTIVE : undefined)
    }
  }
}

export interface UriRequest {
  readonly role: Role
  readonly database: string
  readonly pooled: boolean
}

/** A connection string on loopback, without TLS. */
function uriOf(role: Role, database: string, port: number): string {
  const [user, password, name] = [role.name, role.password, database].map(encodeURIComponent)
  return `postgresql://${user}:${password}@127.0.0.1:${port}/${name}?sslmode=disable`
}

function mapOf(branch: Branch): NameMap {
  return {
    databases: new Map(branch.databases.map((it) => [it.name, branch.database ?? ''])),
    roles: new Map(branch.roles.map((it) => [it.name, it.serverName])),
  }
}
