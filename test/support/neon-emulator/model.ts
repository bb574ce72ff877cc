import type { ComputeProxy } from './data-plane.ts'

/** A frozen copy of a branch's database under the position of the WAL at which it was made. */
export interface Mark {
  readonly lsn: string
  readonly at: Date
  /** The frozen database. */
  readonly copy: string
  /** The database that was copied. */
  readonly of: string
  /** Of the roles that the API made, by name: what they were then. */
  readonly passwords: ReadonlyMap<string, string>
  /** Other positions that it was found to be a copy of. */
  readonly also: Set<bigint>
}

export interface Role {
  readonly name: string
  password: string
  /** The role on the server, whose password this is. */
  serverName: string
  readonly createdAt: Date
  updatedAt: Date
}

export interface BranchDatabase {
  readonly id: number
  readonly name: string
  readonly owner: string
  readonly createdAt: Date
}

export interface Branch {
  readonly id: string
  name: string
  parentId: string | undefined
  parentLsn: string | undefined
  parentTimestamp: Date | undefined
  readonly isDefault: boolean
  isOriginalRoot: boolean
  isProtected: boolean
  expiresAt: Date | undefined
  state: 'init' | 'ready' | 'resetting'
  stateChangedAt: Date
  readonly createdAt: Date
  updatedAt: Date
  lastResetAt: Date | undefined
  annotation: { readonly value: Readonly<Record<string, string>>; readonly createdAt: Date } | undefined
  roles: Role[]
  readonly databases: readonly BranchDatabase[]
  /** The database on the server; undefined until the branch first gets an endpoint: its data are those of `origin`. */
  database: string | undefined
  /** What the branch was made from; undefined for the root that the project began with. */
  origin: Mark | undefined
  /** What it can be restored to and branched from, oldest first. */
  history: Mark[]
  /** The last position that the history window has left behind, as far as there was a mark. */
  horizon: bigint | undefined
  /** Where the log of its own database begins since a restore; of what was before, copies alone are known. */
  begins?: bigint
}

export interface Endpoint {
  readonly id: string
  branchId: string
  readonly minCu: number
  readonly maxCu: number
  readonly suspendTimeoutSeconds: number
  readonly createdAt: Date
  updatedAt: Date
  startedAt: Date | undefined
  suspendedAt: Date | undefined
  lastActiveAt: Date | undefined
  /** While its compute is being made. */
  isStarting: boolean
  readonly direct: ComputeProxy
}

export type OperationStatus =
  | 'scheduling'
  | 'running'
  | 'finished'
  | 'failed'
  | 'error'
  | 'cancelling'
  | 'cancelled'
  | 'skipped'

export interface Operation {
  readonly id: string
  readonly projectId: string
  readonly branchId: string | undefined
  readonly endpointId: string | undefined
  readonly action: string
  status: OperationStatus
  error: string | undefined
  failures: number
  retryAt: Date | undefined
  readonly createdAt: Date
  updatedAt: Date
  /** Whether mutations are refused while it runs. */
  readonly conflicts: boolean
}

export interface EndpointDefaults {
  readonly autoscaling_limit_min_cu?: number
  readonly autoscaling_limit_max_cu?: number
  readonly suspend_timeout_seconds?: number
}

export interface Project {
  readonly id: string
  name: string
  readonly regionId: string
  readonly pgVersion: number
  readonly orgId: string | undefined
  readonly storePasswords: boolean
  historySeconds: number
  endpointDefaults: EndpointDefaults
  readonly createdAt: Date
  updatedAt: Date
  deletedAt: Date | undefined
  lastActiveAt: Date | undefined
  /** Listed only: it has neither branches nor a database. */
  readonly isHollow: boolean
  /** While a request that changes it is at work. */
  isMutating: boolean
  readonly branches: Map<string, Branch>
  readonly endpoints: Map<string, Endpoint>
  readonly operations: Operation[]
}
