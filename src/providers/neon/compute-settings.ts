import type { NeonAccount } from './neon-account.ts'
import type { NeonComputeSettings } from './neon-api.ts'

/** Returns what the computes of tenants are like; what is left out is as the plan, or a project that we have not made, has it. */
export function computeSettings({ settings: { autoscaling, suspendTimeout } }: NeonAccount): NeonComputeSettings {
  return {
    ...(autoscaling ? { minCu: autoscaling.min, maxCu: autoscaling.max } : {}),
    ...(suspendTimeout === undefined ? {} : { suspendTimeoutSeconds: Math.round(suspendTimeout / 1_000) }),
  }
}
