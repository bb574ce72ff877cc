import { randomBytes } from 'node:crypto'
import { BranchData } from './branch-data.ts'
import { Calls, NEON_RATE_LIMIT, type RateLimit } from './calls.ts'
import { Computes } from './computes.ts'
import type { DataPlane } from './data-plane.ts'
import { EmulatorClock } from './emulator-clock.ts'
import { type ComputeChoice, Faults } from './faults.ts'
import { defaultHistorySeconds, LIMITS, type Limits, type Plan } from './limits.ts'
import type { Endpoint, Project } from './model.ts'
import { Operations } from './operations.ts'
import { accountRoutes } from './routes/account.ts'
import { branchRoutes } from './routes/branches.ts'
import { endpointRoutes } from './routes/endpoints.ts'
import { operationRoutes } from './routes/operations.ts'
import { projectRoutes } from './routes/projects.ts'
import { restoreRoutes } from './routes/restore-branch.ts'
import { roleRoutes } from './routes/roles.ts'
import { ApiServer, type Violation } from './server.ts'
import { neonSpecification } from './specification.ts'
import { branchOf, defaultBranchOf, maintain, newId, Projects, type World } from './world.ts'

export interface NeonEmulatorOptions {
  /** Where databases are; `stop` closes it. */
  readonly dataPlane: DataPlane
  /** `scale` unless told otherwise. */
  readonly plan?: Plan
  /** Figures beside those of the plan. */
  readonly limits?: Partial<Limits>
  readonly orgId?: string
  /** Whose key it is: an organisation's unless told otherwise. */
  readonly accountKind?: 'org' | 'user'
  /** Whether a person's key has to name the organisation, which is so unless told otherwise. */
  readonly requireOrg?: boolean
  /** What each answer takes longer, in milliseconds. */
  readonly latencyMs?: number
  /** Answers 429 beyond Neon's rates, or beyond these. Off unless asked for. */
  readonly enforceRateLimit?: boolean | Partial<RateLimit>
  /** How long each operation takes, in milliseconds: 20 unless told otherwise. */
  readonly operationMs?: number
  /** How long the first connection after a suspension waits, in milliseconds. */
  readonly coldStartMs?: number
  /** How long a search does not find a new project, in milliseconds. */
  readonly searchLagMs?: number
  /** Whether answers and requests that violate the specification are recorded, and such answers are a 500. True unless told otherwise. */
  readonly validate?: boolean
  /** A free one unless told otherwise. */
  readonly port?: number
  readonly apiKey?: string
}

/** A project that is listed, and has neither branches nor a database. */
export interface HollowProject {
  readonly name: string
  readonly historySeconds?: number
  readonly lastActiveAt?: Date
}

export interface NeonEmulator {
  /** As option `baseURL` of the client. */
  readonly baseUrl: string
  readonly apiKey: string
  readonly orgId: string
  readonly clock: EmulatorClock
  readonly faults: Faults
  readonly calls: Calls
  /** What was said or asked against the specification: a test asserts that there is none. */
  readonly violations: readonly Violation[]
  /** Returns them and forgets them: for a test that expects some. */
  takeViolations(): readonly Violation[]
  /** Copies a branch as it is now, the default one unless told otherwise, and returns the LSN that it can be restored to. */
  mark(projectId: string, branchId?: string): Promise<string>
  /** Makes projects that are only listed, as many as it takes. */
  addHollowProjects(projects: Iterable<HollowProject>): void
  /** Resolves when no operation runs. */
  settled(projectId?: string): Promise<void>
  /** Ends it, and all that its data plane made. */
  stop(): Promise<void>
}

const ROUTES = {
  ...accountRoutes,
  ...projectRoutes,
  ...branchRoutes,
  ...restoreRoutes,
  ...endpointRoutes,
  ...operationRoutes,
  ...roleRoutes,
}

/** Starts a server that speaks Neon's API v2 over a data plane. What it does not know it refuses with 501. */
export async function startNeonEmulator(options: NeonEmulatorOptions): Promise<NeonEmulator> {
  const { apiKey = `emulator_${randomBytes(12).toString('hex')}`, validate = true, latencyMs = 0, port = 0 } = options
  const calls = new Calls()
  const violations: Violation[] = []
  const world = makeWorld(options)
  const { clock, faults, operations, projects } = world
  const server = new ApiServer({
    world,
    routes: ROUTES,
    specification: neonSpecification(),
    apiKey,
    calls,
    rateLimit: rateLimitOf(options.enforceRateLimit),
    latencyMs,
    validate,
    violations,
  })
  clock.onAdvance(async () => {
    for (const project of projects.living) await maintain(world, project)
  })
  const baseUrl = await server.listen(port)
  return {
    baseUrl,
    apiKey,
    orgId: world.account.orgId,
    clock,
    faults,
    calls,
    violations,
    takeViolations: () => violations.splice(0),
    async mark(projectId, branchId) {
      const project = projects.get(projectId)
      const branch = branchId === undefined ? defaultBranchOf(project) : branchOf(project, branchId)
      return operations.mutate(project, async () => (await world.data.mark(project, branch)).lsn)
    },
    addHollowProjects(hollow) {
      const now = clock.now()
      for (const it of hollow) projects.add(makeHollow(world, it, { id: `hollow-${projects.size}`, now }))
    },
    settled: (projectId) => operations.settled(projectId),
    async stop() {
      await server.close()
      await operations.stop()
      await options.dataPlane.close()
    },
  }
}

function makeWorld(options: NeonEmulatorOptions): World {
  const { dataPlane, plan = 'scale', accountKind = 'org', operationMs = 20, coldStartMs = 0, searchLagMs = 0 } = options
  const limits = { ...LIMITS[plan], ...options.limits }
  const clock = new EmulatorClock()
  const projects = new Projects()
  const proxiesOf = ({ endpointId }: ComputeChoice) =>
    projects.living
      .flatMap((project) => [...project.endpoints.values()])
      .filter((it: Endpoint) => endpointId === undefined || it.id === endpointId)
      .flatMap((it) => computes.proxiesOf(it))
  const faults = new Faults(
    {
      checkAvailability: (id) => {
        operations.schedule(projects.get(id), [{ action: 'check_availability' }])
      },
      refuse: (choice, text, times) => {
        for (const proxy of proxiesOf(choice)) proxy.refuse(text, times)
      },
      cut: async (choice) => {
        for (const proxy of proxiesOf(choice)) await proxy.cut()
      },
      neverWakes: (choice, on) => {
        for (const proxy of proxiesOf(choice)) proxy.neverWakes(on)
      },
    },
    coldStartMs,
  )
  const operations = new Operations(clock, faults, operationMs)
  const computes = new Computes(dataPlane, clock, operations, faults, limits)
  return {
    account: {
      kind: accountKind,
      orgId: options.orgId ?? `org-${newId()}`,
      plan,
      requireOrg: options.requireOrg ?? true,
    },
    limits,
    clock,
    dataPlane,
    projects,
    operations,
    computes,
    data: new BranchData(dataPlane, clock),
    faults,
    searchLagMs,
  }
}

function makeHollow(
  { account, limits }: World,
  { name, historySeconds, lastActiveAt }: HollowProject,
  { id, now }: { readonly id: string; readonly now: Date },
): Project {
  return {
    id,
    name,
    regionId: 'aws-us-east-2',
    pgVersion: 18,
    orgId: account.orgId,
    storePasswords: true,
    historySeconds: historySeconds ?? defaultHistorySeconds(limits),
    endpointDefaults: {},
    createdAt: now,
    updatedAt: now,
    deletedAt: undefined,
    lastActiveAt,
    isHollow: true,
    isMutating: false,
    branches: new Map(),
    endpoints: new Map(),
    operations: [],
  }
}

function rateLimitOf(asked: NeonEmulatorOptions['enforceRateLimit']): RateLimit | undefined {
  if (!asked) return undefined
  return asked === true ? NEON_RATE_LIMIT : { ...NEON_RATE_LIMIT, ...asked }
}
