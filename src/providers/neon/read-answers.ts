import { Secret } from '../../model/secret.ts'
import type {
  NeonAnnotations,
  NeonBranch,
  NeonConnection,
  NeonEndpoint,
  NeonOperation,
  NeonProject,
} from './neon-api.ts'

/** What is read of Neon's answers, in its words. Values of open sets are texts, whatever the specification lists. */
interface ProjectAnswer {
  readonly id: string
  readonly name: string
  readonly history_retention_seconds?: number
  readonly created_at: string
  readonly recoverable_until?: string
}

interface BranchAnswer {
  readonly id: string
  readonly name: string
  readonly parent_id?: string
  readonly parent_lsn?: string
  readonly default: boolean
  readonly protected: boolean
  readonly current_state: string
  readonly expires_at?: string
  readonly restricted_actions?: readonly { readonly name: string; readonly reason: string }[]
}

interface EndpointAnswer {
  readonly id: string
  readonly branch_id: string
  readonly host: string
  readonly current_state: string
  readonly suspend_timeout_seconds: number
}

interface OperationAnswer {
  readonly id: string
  readonly project_id: string
  readonly action: string
  readonly status: string
  readonly error?: string
  readonly retry_at?: string
}

interface ConnectionAnswer {
  readonly connection_uri: string
  readonly connection_parameters: {
    readonly database: string
    readonly role: string
  }
}

/** @throws TypeError where what everything else hangs on is missing */
export function readProject(it: ProjectAnswer): NeonProject {
  return {
    id: present(it.id),
    name: present(it.name),
    historyRetentionSeconds: it.history_retention_seconds ?? null,
    createdAt: new Date(present(it.created_at)),
    recoverableUntil: dateOf(it.recoverable_until),
  }
}

/** @throws TypeError where what everything else hangs on is missing */
export function readBranch(it: BranchAnswer, annotations: NeonAnnotations | null = null): NeonBranch {
  return {
    id: present(it.id),
    name: present(it.name),
    parentId: it.parent_id ?? null,
    parentLsn: it.parent_lsn ?? null,
    isDefault: present(it.default),
    isProtected: present(it.protected),
    state: present(it.current_state),
    expiresAt: dateOf(it.expires_at),
    restrictedActions: (it.restricted_actions ?? []).map(({ name, reason }) => ({ name, reason })),
    annotations,
  }
}

/** @throws TypeError where what everything else hangs on is missing */
export function readEndpoint(it: EndpointAnswer): NeonEndpoint {
  return {
    id: present(it.id),
    branchId: present(it.branch_id),
    host: present(it.host),
    state: it.current_state,
    suspendTimeoutSeconds: it.suspend_timeout_seconds,
  }
}

/** @throws TypeError where what everything else hangs on is missing */
export function readOperation(it: OperationAnswer): NeonOperation {
  return {
    id: present(it.id),
    projectId: present(it.project_id),
    action: it.action,
    status: present(it.status),
    error: it.error ?? null,
    retryAt: dateOf(it.retry_at),
  }
}

/** Reads what a mutation has begun; an empty body (204) has begun nothing. */
export function readOperations(it: '' | { readonly operations: readonly OperationAnswer[] }): NeonOperation[] {
  return it === '' ? [] : it.operations.map(readOperation)
}

/** @throws TypeError where what everything else hangs on is missing */
export function readConnections(connections: readonly ConnectionAnswer[]): NeonConnection[] {
  return connections.map(({ connection_uri: uri, connection_parameters: it }) => ({
    uri: new Secret(present(uri)),
    database: present(it.database),
    role: present(it.role),
  }))
}

/** Returns a value that must be there. @throws TypeError when it is not */
export function present<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new TypeError('A value is missing in the answer.')
  return value
}

function dateOf(value: string | null | undefined): Date | null {
  return value === null || value === undefined || value === '' ? null : new Date(value)
}
