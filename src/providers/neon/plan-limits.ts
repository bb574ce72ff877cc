import type { Diagnosis } from '../../model/diagnosis.ts'
import type { NeonSettings } from '../../model/neon-settings.ts'
import type { NamedPlan } from './plan-of.ts'
import { PRICES_AS_OF } from './prices.ts'

const HOUR_MS = 3_600_000
/** From this part of what a plan allows on, it is time to do something. */
export const NEARLY = 0.9

/** How many projects an organisation has; `isAll` is false where there may be more than were counted. */
export interface ProjectCount {
  readonly projects: number
  readonly isAll: boolean
}

/** Says what a plan allows, how much of that is used, and what of the configuration it does not allow. */
export function diagnosePlan(
  known: NamedPlan,
  settings: Pick<NeonSettings, 'historyRetention' | 'suspendTimeout' | 'templateProjectId'>,
  count: ProjectCount,
): readonly Diagnosis[] {
  return [limitsOf(known), fullness(known, count), ...refusedSettings(known, settings)]
}

function limitsOf({ name, plan }: NamedPlan): Diagnosis {
  const { projects, branches, rootBranches, history, suspendTimeout } = plan
  const { least, most } = suspendTimeout
  const suspended = least === most ? `after ${minutes(least)}` : `after ${minutes(least)} or more`
  const limits = [
    projects === null ? 'projects as agreed' : `${projects} projects`,
    `${branches} branches in each`,
    `${rootBranches} of them roots`,
    `a history window of ${window(history)}`,
    `computes suspended ${suspended}`,
  ]
  return {
    subject: 'Neon',
    verdict: 'ok',
    message: `Plan ${name} allows, as Neon published it (${PRICES_AS_OF}): ${limits.join(', ')}.`,
  }
}

function fullness({ name, plan }: NamedPlan, { projects, isAll }: ProjectCount): Diagnosis {
  const found = `${projects}${isAll ? '' : ' or more'}`
  if (plan.projects === null) return { subject: 'Neon', verdict: 'ok', message: `Projects in use: ${found}.` }
  const message = `Projects in use: ${found} of ${plan.projects} that plan ${name} allows.`
  if (projects < NEARLY * plan.projects) return { subject: 'Neon', verdict: 'ok', message }
  return {
    subject: 'Neon',
    verdict: 'warning',
    message,
    remedy: 'Delete projects that are not used, or ask Neon for a larger plan, before tenants are refused.',
  }
}

/** What Neon would refuse when a tenant is made. */
function refusedSettings(
  { name, plan }: NamedPlan,
  {
    historyRetention,
    suspendTimeout,
    templateProjectId,
  }: Pick<NeonSettings, 'historyRetention' | 'suspendTimeout' | 'templateProjectId'>,
): readonly Diagnosis[] {
  const { least, most } = plan.suspendTimeout
  const problems: Diagnosis[] = []
  // With a project of somebody else's making, none is made.
  if (historyRetention !== undefined && templateProjectId === undefined && historyRetention > plan.history)
    problems.push({
      subject: 'Neon',
      verdict: 'error',
      message: `provider.historyRetention is ${window(historyRetention)}, and plan ${name} allows ${window(plan.history)}: no project can be made.`,
      remedy: `Set it to '${window(plan.history).replace(' ', '')}' at most, or choose a larger plan.`,
    })
  if (suspendTimeout !== undefined && (suspendTimeout < least || suspendTimeout > most))
    problems.push({
      subject: 'Neon',
      verdict: 'error',
      message: `provider.suspendTimeout is ${suspendTimeout / 1_000} s, and plan ${name} allows ${least === most ? `${least / 1_000} s alone` : `${least / 1_000} to ${most / 1_000} s`}: no compute can be made.`,
      remedy: 'Leave it out, or choose a larger plan.',
    })
  return problems
}

const window = (ms: number) => `${Math.round((ms / HOUR_MS) * 10) / 10} h`
const minutes = (ms: number) => `${ms / 60_000} min`
