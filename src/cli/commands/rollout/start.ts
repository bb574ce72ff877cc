import { Command } from 'commander'
import type { Fleet } from '../../../fleet/fleet.ts'
import { EXIT, type ExitCode } from '../../../model/error-meaning.ts'
import { FleetError } from '../../../model/errors.ts'
import type { RolloutPlan, RolloutStatus } from '../../../model/rollout.ts'
import { confirm } from '../../confirm.ts'
import { driveRollout } from '../../drive-rollout.ts'
import type { Face } from '../../face.ts'
import { addPlanOptions, type PlanFlags, planOptionsOf } from '../../plan-options.ts'
import { checkRehearsalFlags, rehearsePlan } from '../../rehearse-plan.ts'
import { renderPlan } from '../../renderers/render-plan.ts'
import { rehearsalRefusal, renderRehearsal } from '../../renderers/render-rehearsal.ts'
import { spaceRefusal } from '../../renderers/restore-point-cost.ts'
import { viewOfPlan, viewOfStatus } from '../../renderers/rollout-view.ts'
import { serviceRefusal } from '../../renderers/service-cost.ts'
import { withFleet } from '../../with-fleet.ts'

interface StartFlags extends PlanFlags {
  readonly digest?: string
  readonly supersede?: boolean
  readonly force?: boolean
}

export function rolloutStartCommand(): Command {
  return addPlanOptions(new Command('start').description('Plan, start and drive a rollout; safe to run again'))
    .option('--digest <digest>', 'refuse unless the plan is this one; includes --yes')
    .option(
      '--force',
      'also what failed when it was rehearsed, what the disk may not hold, or what history ends too early for',
    )
    .option('--supersede', 'abort the rollout that is active, then start')
    .addHelpText('after', '\nOn a terminal it shows the plan and asks. Elsewhere it needs --yes or --digest.')
    .action((flags: StartFlags, command: Command) =>
      withFleet(command, async (fleet, face) => {
        checkRehearsalFlags(flags)
        const options = {
          ...planOptionsOf(flags),
          ...(flags.digest === undefined ? {} : { digest: flags.digest }),
          ...(flags.force === undefined ? {} : { force: flags.force }),
          ...(flags.supersede === undefined ? {} : { supersede: flags.supersede }),
        }
        const active = flags.supersede ? undefined : await activeRollout(fleet)
        if (active) {
          const question = `Rollout ${active.id} is ${active.state}. Go on with it?`
          if (!(await approve(flags, () => confirm(face, question)))) return declined(face)
          return driveRollout(fleet, face, {
            initial: viewOfStatus(active),
            drive: (signal) => fleet.rollouts.start({ ...options, signal }),
          })
        }
        const plan = await fleet.rollouts.plan(planOptionsOf(flags))
        if (face.options.output !== 'json') face.print(`${renderPlan(plan, face.page())}\n`)
        const refusal = flags.force ? undefined : (spaceRefusal(plan) ?? serviceRefusal(plan))
        if (refusal !== undefined) {
          face.note(refusal)
          return EXIT.no
        }
        if (plan.tenants > 0 && !(await passesRehearsal(plan, flags, { fleet, face }))) return EXIT.no
        const question = `Start it for ${plan.tenants} ${plan.tenants === 1 ? 'tenant' : 'tenants'}?`
        if (plan.tenants > 0 && !(await approve(flags, () => confirm(face, question)))) return declined(face)
        return driveRollout(fleet, face, {
          initial: viewOfPlan(plan),
          // What is started is what was shown, or nothing.
          drive: (signal) => fleet.rollouts.start({ digest: plan.digest, ...options, signal }),
        })
      }),
    )
}

/** Tries the plan on copies, where that is asked for, and shows what came of it; true without a rehearsal. */
async function passesRehearsal(
  plan: RolloutPlan,
  { rehearse, rehearseClosesTenants = false, ...flags }: StartFlags,
  { fleet, face }: { readonly fleet: Fleet; readonly face: Face },
): Promise<boolean> {
  if (rehearse === undefined) return true
  const { rehearsal } = await rehearsePlan(fleet, face, {
    options: planOptionsOf(flags),
    digest: flags.digest ?? plan.digest,
    tenants: rehearse,
    closesTenants: rehearseClosesTenants,
    events: true,
  })
  if (rehearsal === null) return true
  if (face.options.output !== 'json') face.print(`${renderRehearsal(rehearsal, plan, face.page())}\n`)
  if (rehearsal.state !== 'failed' || flags.force) return true
  face.note(rehearsalRefusal(rehearsal))
  return false
}

async function approve({ digest }: StartFlags, ask: () => Promise<boolean>): Promise<boolean> {
  return digest !== undefined || ask()
}

function declined(face: Face): ExitCode {
  face.note('Nothing was started.')
  return EXIT.no
}

/** The rollout that is not finished, if there is one. */
async function activeRollout(fleet: Fleet): Promise<RolloutStatus | undefined> {
  const status = await fleet.rollouts.status().catch((error: unknown) => {
    if (error instanceof FleetError && error.code === 'ROLLOUT_UNKNOWN') return undefined
    throw error
  })
  return status && ['running', 'paused', 'aborting'].includes(status.state) ? status : undefined
}
