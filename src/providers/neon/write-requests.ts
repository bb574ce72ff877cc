import type { NeonComputeSettings, NeonRestore, NewNeonBranch, NewNeonProject } from './neon-api.ts'

/** A value without its undefined properties: the client's types know absent ones only. */
type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}

/** Returns an object without its undefined properties. */
export function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, it]) => it !== undefined)) as Defined<T>
}

/**
 * Returns an id that may stand in a path: the client puts it there as it is, and an empty one would name another route.
 * @throws RangeError for what is no id of Neon's
 */
export function neonId(id: string): string {
  if (/^[a-z0-9-]{1,60}$/.test(id)) return id
  throw new RangeError(`${JSON.stringify(id)} is not an id of Neon's.`)
}

/** Writes what a new project is to be, in Neon's words. */
export function projectBody({ branch, compute, ...project }: NewNeonProject) {
  return defined({
    name: project.name,
    pg_version: project.pgVersion,
    org_id: project.orgId,
    region_id: project.regionId,
    history_retention_seconds: project.historyRetentionSeconds,
    store_passwords: project.storePasswords,
    default_endpoint_settings: compute && computeBody(compute),
    branch:
      branch &&
      defined({
        name: branch.name,
        role_name: branch.roleName,
        database_name: branch.databaseName,
        annotations: branch.annotations,
      }),
  })
}

/** Writes what a new branch is to be, in Neon's words; its compute and annotations go beside it. */
export function branchBody(branch: NewNeonBranch) {
  return defined({
    parent_id: branch.parentId,
    name: branch.name,
    parent_lsn: branch.parentLsn,
    expires_at: branch.expiresAt && wholeSeconds(branch.expiresAt),
  })
}

/** Writes where a branch is set back to, in Neon's words. */
export function restoreBody(restore: NeonRestore) {
  return defined({
    source_branch_id: restore.sourceBranchId,
    source_lsn: restore.sourceLsn,
    preserve_under_name: restore.preserveUnderName,
  })
}

/** Writes the settings of a compute, in Neon's words. */
export function computeBody({ minCu, maxCu, suspendTimeoutSeconds }: NeonComputeSettings) {
  return defined({
    autoscaling_limit_min_cu: minCu,
    autoscaling_limit_max_cu: maxCu,
    suspend_timeout_seconds: suspendTimeoutSeconds,
  })
}

/** Writes a time as Neon takes expiry: RFC 3339 without fractions of a second. */
export function wholeSeconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z')
}
