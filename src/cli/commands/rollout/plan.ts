import { Command } from 'commander'
import { EXIT } from '../../../model/error-meaning.ts'
import type { Rehearsal } from '../../../model/rehearsal.ts'
import { addPlanOptions, formatPlanFlags, type PlanFlags, planOptionsOf } from '../../plan-options.ts'
import { checkRehearsalFlags, rehearsePlan } from '../../rehearse-plan.ts'
import { renderPlan } from '../../renderers/render-plan.ts'
import { rehearsalRefusal, renderRehearsal } from '../../renderers/render-rehearsal.ts'
import { spaceRefusal } from '../../renderers/restore-point-cost.ts'
import { serviceRefusal } from '../../renderers/service-cost.ts'
import { withFleet } from '../../with-fleet.ts'

export function rolloutPlanCommand(): Command {
  return addPlanOptions(
    new Command('plan').description('Show what a rollout would do; changes nothing, and tries it on copies at most'),
  ).action((flags: PlanFlags, command: Command) =>
    withFleet(command, async (fleet, face) => {
      checkRehearsalFlags(flags)
      const options = planOptionsOf(flags)
      const plan = await fleet.rollouts.plan(options)
      const refusal = spaceRefusal(plan) ?? serviceRefusal(plan)
      const { rehearse, rehearseClosesTenants = false } = flags
      const isJson = face.options.output === 'json'
      // What takes a while comes after what can be read meanwhile.
      if (!isJson) face.print(renderPlan(plan, face.page()))
      let rehearsal: Rehearsal | null = null
      if (rehearse !== undefined && plan.tenants > 0) {
        const request = { options, digest: plan.digest, tenants: rehearse, closesTenants: rehearseClosesTenants }
        rehearsal = (await rehearsePlan(fleet, face, { ...request, events: false })).rehearsal
      }
      if (isJson) face.answer(rehearse === undefined ? plan : { ...plan, rehearsal }, () => '')
      else {
        const page = face.page()
        const start = ['fleet rollout start', formatPlanFlags(flags), `--digest ${plan.digest.slice(0, 8)}`]
        if (rehearsal !== null) face.print(`\n${renderRehearsal(rehearsal, plan, page)}`)
        if (refusal !== undefined) face.note(`\n ${refusal}`)
        else if (rehearsal?.state === 'failed') face.note(`\n ${rehearsalRefusal(rehearsal)}`)
        else if (plan.tenants > 0) face.print(`\n Start it:  ${page.style('bold', start.filter(Boolean).join(' '))}`)
      }
      return rehearsal?.state === 'failed' || refusal !== undefined ? EXIT.no : EXIT.done
    }),
  )
}
