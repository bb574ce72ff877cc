import { Command } from 'commander'
import { addPlanOptions, formatPlanFlags, type PlanFlags, planOptionsOf } from '../../plan-options.ts'
import { renderPlan } from '../../renderers/render-plan.ts'
import { withFleet } from '../../with-fleet.ts'

export function rolloutPlanCommand(): Command {
  return addPlanOptions(new Command('plan').description('Show what a rollout would do; changes nothing')).action(
    (flags: PlanFlags, command: Command) =>
      withFleet(command, async (fleet, face) =>
        face.answer(await fleet.rollouts.plan(planOptionsOf(flags)), (plan, page) => {
          const start = ['fleet rollout start', formatPlanFlags(flags), `--digest ${plan.digest.slice(0, 8)}`].filter(
            Boolean,
          )
          return (
            renderPlan(plan, page) +
            (plan.tenants === 0 ? '' : `\n\n Start it:  ${page.style('bold', start.join(' '))}`)
          )
        }),
      ),
  )
}
