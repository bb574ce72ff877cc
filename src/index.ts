import type { FleetConfig } from './config/config.ts'
import type { FleetInput } from './config/define-fleet.ts'
import { loadConfig } from './config/load-config.ts'
import { parseConfig } from './config/parse-config.ts'
import type { Fleet } from './fleet/fleet.ts'
import { openFleet as openConfigured } from './fleet/open-fleet.ts'

export type { FleetConfig, ProviderConfig, Quantity, WaveConfig } from './config/config.ts'
export {
  type ByteSizeInput,
  type DurationInput,
  defineFleet,
  embedded,
  type FleetInput,
  neon,
  type ProviderInput,
  postgres,
  type QuantityInput,
  type ServersInput,
  type WaveInput,
} from './config/define-fleet.ts'
export { type LoadConfigOptions, loadConfig } from './config/load-config.ts'
export type {
  AdoptionCandidate,
  Diagnosis,
  DriveOptions,
  DriveResult,
  Fleet,
  MigrationDetail,
  MigrationInfo,
  NewTenant,
  PlanOptions,
  RehearsedPlan,
  RehearseOptions,
  RestoreTenantOptions,
  StartOptions,
  TemplateInfo,
  TenantDetail,
  TenantFilter,
} from './fleet/fleet.ts'
export { type LintConfig, type LintedMigration, lintFolder, lintSql, type SqlFile } from './fleet/lint.ts'
export type { DynamicReason, MigrationAssessment, WaivedFinding } from './model/assessment.ts'
export { FleetError, type FleetErrorCode } from './model/errors.ts'
export type { FleetEvent, ProvisioningEvent, RehearsalEvent, RolloutEvent } from './model/events.ts'
export type { Finding, FindingClass, LockMode, Verdict } from './model/finding.ts'
export type { AdoptionResult, CheckResult, FleetStatus } from './model/fleet-status.ts'
export type { MarkKind } from './model/mark.ts'
export type {
  BranchSource,
  HeldLock,
  Rehearsal,
  RehearsalOutcome,
  RehearsedStep,
  RehearsedTenant,
  RolloutEstimate,
  SampledTenant,
  SampleReason,
} from './model/rehearsal.ts'
export type { RehearsalState } from './model/rehearsal-state.ts'
export type {
  Loss,
  NotCompared,
  RestorePlan,
  RestorePoint,
  RestorePointGrade,
  RestorePointReason,
  RestoreResult,
  Salvage,
  SalvagedTable,
  SalvageRecord,
  TableDifference,
  TableLoss,
} from './model/restore-point.ts'
export type { CopyTaken, ExpectedTime, RestorePointCost, ServerCost, SpaceLimit } from './model/restore-point-cost.ts'
export type { RestorePointState } from './model/restore-point-state.ts'
export type {
  FailureGroup,
  RestorePointPolicy,
  RolloutPlan,
  RolloutPolicy,
  RolloutScope,
  RolloutStatus,
  RolloutSummary,
  TenantRun,
  WaveProgress,
} from './model/rollout.ts'
export type { PauseReason, RolloutOutcome, RolloutState } from './model/rollout-state.ts'
export type { SweepFinding, SweepVerdict } from './model/sweep.ts'
export type { DeletedTenant, Placement, Tags, Tenant } from './model/tenant.ts'
export type { TenantRunState } from './model/tenant-run-state.ts'
export type { TenantState } from './model/tenant-state.ts'

/**
 * Opens a fleet: with what you would write in `fleet.config.ts`, with what `loadConfig` returned, or, left out, with
 * the configuration file of the working directory. Close it when done.
 *
 * @example
 * const fleet = await openFleet()
 * try {
 *   for await (const tenant of fleet.tenants.create([{ id: 'acme' }])) console.log(tenant.id, tenant.version)
 * } finally {
 *   await fleet.close()
 * }
 *
 * @throws FleetError CONFIG_NOT_FOUND, CONFIG_INVALID, SERVER_UNREACHABLE, AUTHENTICATION_FAILED, RIGHT_MISSING,
 * CATALOG_NEWER, CATALOG_OLDER, CATALOG_FOREIGN
 */
export async function openFleet(config?: FleetInput | FleetConfig): Promise<Fleet> {
  if (config === undefined) return openConfigured(await loadConfig())
  // Only a loaded configuration knows its root.
  return openConfigured('root' in config ? config : parseConfig(config, { root: process.cwd() }))
}
