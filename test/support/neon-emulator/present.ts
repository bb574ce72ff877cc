import type { Computes } from './computes.ts'
import { formatTime } from './emulator-clock.ts'
import type { Branch, BranchDatabase, Endpoint, Operation, Project, Role } from './model.ts'

/** The plan's name of the provisioner and of what made things. */
const PROVISIONER = 'k8s-neonvm'
const SOURCE = 'console'
/** Keys whose value is undefined do not appear in JSON. */
const time = (value: Date | undefined) => value && formatTime(value)

const platformOf = (regionId: string) => regionId.split('-')[0] ?? 'aws'
const hostOf = (regionId: string) => `${regionId.replace(/^[a-z]+-/, '')}.localhost`

/** What a list of projects says of one. */
export function presentListedProject(project: Project, { ownerId, recoverableMs }: ProjectFacts) {
  return {
    id: project.id,
    platform_id: platformOf(project.regionId),
    region_id: project.regionId,
    name: project.name,
    provisioner: PROVISIONER,
    default_endpoint_settings: project.endpointDefaults,
    settings: {},
    pg_version: project.pgVersion,
    proxy_host: hostOf(project.regionId),
    branch_logical_size_limit: 0,
    branch_logical_size_limit_bytes: 0,
    store_passwords: project.storePasswords,
    active_time: 0,
    cpu_used_sec: 0,
    creation_source: SOURCE,
    created_at: formatTime(project.createdAt),
    updated_at: formatTime(project.updatedAt),
    owner_id: ownerId,
    org_id: project.orgId,
    compute_last_active_at: time(project.lastActiveAt),
    history_retention_seconds: project.historySeconds,
    deleted_at: time(project.deletedAt),
    recoverable_until: project.deletedAt && formatTime(new Date(project.deletedAt.getTime() + recoverableMs)),
  }
}

export interface ProjectFacts {
  readonly ownerId: string
  /** How long a deleted project can be recovered, in milliseconds. */
  readonly recoverableMs: number
}

export function presentProject(project: Project, facts: ProjectFacts) {
  const { active_time: _, deleted_at: __, recoverable_until: ___, ...common } = presentListedProject(project, facts)
  const { createdAt } = project
  const monthLater = new Date(Date.UTC(createdAt.getUTCFullYear(), createdAt.getUTCMonth() + 1, 1))
  return {
    ...common,
    // Nothing is billed here.
    data_storage_bytes_hour: 0,
    data_transfer_bytes: 0,
    written_data_bytes: 0,
    compute_time_seconds: 0,
    active_time_seconds: 0,
    consumption_period_start: formatTime(createdAt),
    consumption_period_end: formatTime(monthLater),
  }
}

export function presentBranch(project: Project, branch: Branch, logicalSize?: number | undefined) {
  return {
    id: branch.id,
    project_id: project.id,
    parent_id: branch.parentId,
    parent_lsn: branch.parentLsn,
    parent_timestamp: time(branch.parentTimestamp),
    name: branch.name,
    current_state: branch.state,
    pending_state: branch.state === 'ready' ? undefined : 'ready',
    state_changed_at: formatTime(branch.stateChangedAt),
    logical_size: logicalSize,
    creation_source: SOURCE,
    primary: branch.isDefault,
    default: branch.isDefault,
    protected: branch.isProtected,
    cpu_used_sec: 0,
    compute_time_seconds: 0,
    active_time_seconds: 0,
    written_data_bytes: 0,
    data_transfer_bytes: 0,
    created_at: formatTime(branch.createdAt),
    updated_at: formatTime(branch.updatedAt),
    expires_at: time(branch.expiresAt),
    last_reset_at: time(branch.lastResetAt),
    init_source: branch.origin ? 'parent-data' : undefined,
  }
}

export function presentAnnotation(branch: Branch) {
  const at = time(branch.annotation?.createdAt)
  return {
    object: { type: 'console/branch', id: branch.id },
    value: branch.annotation?.value ?? {},
    created_at: at,
    updated_at: at,
  }
}

export function presentEndpoint(project: Project, endpoint: Endpoint, computes: Computes) {
  const state = computes.stateOf(endpoint)
  return {
    host: hostOfEndpoint(project, endpoint),
    id: endpoint.id,
    project_id: project.id,
    branch_id: endpoint.branchId,
    autoscaling_limit_min_cu: endpoint.minCu,
    autoscaling_limit_max_cu: endpoint.maxCu,
    region_id: project.regionId,
    type: 'read_write',
    current_state: state,
    pending_state: state === 'init' ? 'active' : undefined,
    settings: {},
    pooler_enabled: false,
    pooler_mode: 'transaction',
    disabled: false,
    passwordless_access: true,
    last_active: time(endpoint.lastActiveAt),
    creation_source: SOURCE,
    created_at: formatTime(endpoint.createdAt),
    updated_at: formatTime(endpoint.updatedAt),
    started_at: time(endpoint.startedAt),
    suspended_at: time(endpoint.suspendedAt),
    proxy_host: hostOf(project.regionId),
    suspend_timeout_seconds: endpoint.suspendTimeoutSeconds,
    provisioner: PROVISIONER,
  }
}

export function hostOfEndpoint(project: Project, endpoint: Endpoint): string {
  return `${endpoint.id}.${hostOf(project.regionId)}`
}

export function presentOperation(operation: Operation) {
  const { createdAt, updatedAt } = operation
  return {
    id: operation.id,
    project_id: operation.projectId,
    branch_id: operation.branchId,
    endpoint_id: operation.endpointId,
    action: operation.action,
    status: operation.status,
    error: operation.error,
    failures_count: operation.failures,
    retry_at: time(operation.retryAt),
    created_at: formatTime(createdAt),
    updated_at: formatTime(updatedAt),
    total_duration_ms: updatedAt.getTime() - createdAt.getTime(),
  }
}

/** Passwords are told where a role is made or its password is reset, and nowhere else. */
export function presentRole(branch: Branch, role: Role, password?: string | undefined) {
  return {
    branch_id: branch.id,
    name: role.name,
    password,
    protected: false,
    created_at: formatTime(role.createdAt),
    updated_at: formatTime(role.updatedAt),
  }
}

export function presentDatabase(branch: Branch, { id, name, owner, createdAt }: BranchDatabase) {
  return {
    id,
    branch_id: branch.id,
    name,
    owner_name: owner,
    created_at: formatTime(createdAt),
    updated_at: formatTime(createdAt),
  }
}
