import type { Secret } from '../../model/secret.ts'

/** A step of Neon's that a mutation has begun. It is done when all of its operations are. */
export interface NeonOperation {
  readonly id: string
  readonly projectId: string
  /** What it does, e.g. `create_branch`: an open set. */
  readonly action: string
  /** scheduling, running, finished, failed, error, cancelling, cancelled, skipped; others may come. */
  readonly status: string
  readonly error: string | null
  /** When Neon tries again what has failed. */
  readonly retryAt: Date | null
}

/** What a mutation answers that says nothing but what it has begun. */
export interface NeonOperations {
  readonly operations: readonly NeonOperation[]
}

export interface NeonProject {
  readonly id: string
  /** Not unique. */
  readonly name: string
  /** How far back point-in-time restore reaches, in seconds; null: the answer does not say. */
  readonly historyRetentionSeconds: number | null
  readonly createdAt: Date
  /** Of a deleted project: until when it can be recovered. */
  readonly recoverableUntil: Date | null
}

export interface NeonProjectPage {
  readonly projects: readonly NeonProject[]
  /** Projects that belong here and could not be read: a list with any proves no absence. */
  readonly unavailableProjectIds: readonly string[]
}

/** Limits of a compute's size in compute units, and when it is suspended. What is absent is Neon's default. */
export interface NeonComputeSettings {
  readonly minCu?: number
  readonly maxCu?: number
  /** Leave it out unless it is configured: plans refuse values. */
  readonly suspendTimeoutSeconds?: number
}

export interface NewNeonProject {
  /** 1 to 256 characters. Neon does not keep it unique. */
  readonly name: string
  readonly pgVersion: number
  readonly orgId?: string
  readonly regionId?: string
  readonly historyRetentionSeconds?: number
  readonly storePasswords?: boolean
  readonly compute?: NeonComputeSettings
  /** Its default branch; names that are absent are `main`, `neondb_owner` and `neondb`. */
  readonly branch?: {
    readonly name?: string
    readonly roleName?: string
    readonly databaseName?: string
    readonly annotations?: NeonAnnotations
  }
}

/** Texts by name on a branch, 50 at most, written when the branch is made or never. */
export type NeonAnnotations = Readonly<Record<string, string>>

/** How to reach a database, as the API says it once. */
export interface NeonConnection {
  /** The whole URI with its password, of the direct host. Never assemble one: the host may carry a port. */
  readonly uri: Secret
  readonly database: string
  readonly role: string
}

export interface CreatedNeonProject extends NeonOperations {
  readonly project: NeonProject
  readonly branch: NeonBranch
  readonly connections: readonly NeonConnection[]
}

export interface NeonBranch {
  readonly id: string
  /** Unique in its project. */
  readonly name: string
  /** Null: it is a root, and can be restored to a point in time. */
  readonly parentId: string | null
  /** Final only when all operations are. */
  readonly parentLsn: string | null
  readonly isDefault: boolean
  readonly isProtected: boolean
  /** init, resetting, ready, archived; others may come. */
  readonly state: string
  readonly expiresAt: Date | null
  readonly restrictedActions: readonly { readonly name: string; readonly reason: string }[]
  /** Null: the answer does not say. Those of `getBranch` and `listBranches` do. */
  readonly annotations: NeonAnnotations | null
}

export interface NewNeonBranch {
  readonly parentId: string
  readonly name: string
  /** Absent: it begins at the parent's head. */
  readonly parentLsn?: string
  /** Whole seconds, 30 days ahead at most; sent without the rest. */
  readonly expiresAt?: Date
  readonly annotations?: NeonAnnotations
  /** Makes a read-write compute with it; absent: none, and nobody can connect. */
  readonly compute?: NeonComputeSettings
}

export interface CreatedNeonBranch extends NeonOperations {
  readonly branch: NeonBranch
  /** Empty without a compute, and where the parent has several roles or databases. */
  readonly connections: readonly NeonConnection[]
}

export interface NeonBranchChange {
  readonly name?: string
  readonly isProtected?: boolean
  /** Null clears it. */
  readonly expiresAt?: Date | null
}

/** Where a branch is set back to: the source's LSN; absent: its head. */
export interface NeonRestore {
  readonly sourceBranchId: string
  readonly sourceLsn?: string
  /** Required where the source is the branch itself, or it has children: those move to what is kept under this name. */
  readonly preserveUnderName?: string
}

export interface NeonBranchAnswer extends NeonOperations {
  readonly branch: NeonBranch
}

export interface NeonEndpoint {
  readonly id: string
  readonly branchId: string
  readonly host: string
  /** init, active, idle; others may come. */
  readonly state: string
  readonly suspendTimeoutSeconds: number
}

export interface NeonEndpointAnswer extends NeonOperations {
  readonly endpoint: NeonEndpoint
}

/** Which connection URI is asked for; without `branchId` that of the default branch. */
export interface NeonUriQuery {
  readonly database: string
  readonly role: string
  readonly branchId?: string
  readonly pooled?: boolean
}

export interface NeonOrganization {
  readonly name: string
  /** As the API calls it, e.g. `scale_v3`. */
  readonly plan: string
}

/**
 * The calls of Neon's API that the provider needs, each sent as often as that is safe. All throw `NeonApiError`, whose kind
 * says what may be done; none knows of `lost` mutations more than that they may have happened.
 */
export interface NeonApi {
  createProject(project: NewNeonProject): Promise<CreatedNeonProject>
  /** Lists projects in pages of 400; `search` is a part of name or id, `recoverable` asks for deleted ones instead. */
  listProjects(query: {
    readonly orgId?: string
    readonly search?: string
    readonly recoverable?: boolean
  }): AsyncIterable<NeonProjectPage>
  /** @throws NeonApiError `gone` where there is none, or the key may not see it */
  getProject(projectId: string): Promise<NeonProject>
  /** Deletes a project; one that is gone is fine. Neon can recover it for 7 days. */
  deleteProject(projectId: string): Promise<void>
  getConnectionUri(projectId: string, query: NeonUriQuery): Promise<Secret>

  createBranch(projectId: string, branch: NewNeonBranch): Promise<CreatedNeonBranch>
  /** Lists all branches of a project, by name; `search` is a part of name or id. */
  listBranches(projectId: string, query?: { readonly search?: string }): Promise<readonly NeonBranch[]>
  /** Returns a branch; undefined: it is gone, or so new that it cannot be seen yet. */
  getBranch(projectId: string, branchId: string): Promise<NeonBranch | undefined>
  updateBranch(projectId: string, branchId: string, change: NeonBranchChange): Promise<NeonBranchAnswer>
  /** Deletes a branch; one that is gone is fine. */
  deleteBranch(projectId: string, branchId: string): Promise<NeonOperations>
  restoreBranch(projectId: string, branchId: string, restore: NeonRestore): Promise<NeonBranchAnswer>

  /** Lists the databases of a branch with the roles that own them. */
  listDatabases(
    projectId: string,
    branchId: string,
  ): Promise<readonly { readonly name: string; readonly owner: string }[]>

  /** Makes the read-write compute of a branch: it has one at most. */
  createEndpoint(projectId: string, branchId: string, compute?: NeonComputeSettings): Promise<NeonEndpointAnswer>
  listEndpoints(projectId: string, branchId: string): Promise<readonly NeonEndpoint[]>
  /** Deletes a compute; one that is gone is fine. */
  deleteEndpoint(projectId: string, endpointId: string): Promise<NeonOperations>
  suspendEndpoint(projectId: string, endpointId: string): Promise<NeonEndpointAnswer>
  /**
   * Gives a role a new password, which is valid when all operations are done; null: the answer does not say it. Ends
   * connections, and wakes the compute.
   */
  resetRolePassword(
    projectId: string,
    branchId: string,
    role: string,
  ): Promise<NeonOperations & { readonly password: Secret | null }>

  getOperation(projectId: string, operationId: string): Promise<NeonOperation>
  /** Lists the latest operations of a project, 100 at most. */
  listOperations(projectId: string): Promise<readonly NeonOperation[]>

  /** Says what the key is: `api_key_org`, `api_key_user`; others may come. */
  getAuthDetails(): Promise<{ readonly authMethod: string }>
  getOrganization(orgId: string): Promise<NeonOrganization>
  /** Lists the ids of the regions that projects can be made in: those of an organisation, or all. */
  listRegions(orgId?: string): Promise<readonly string[]>
}
