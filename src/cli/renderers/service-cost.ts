import { ERRORS } from '../../model/errors.ts'
import type { RolloutPlan } from '../../model/rollout.ts'
import type { ServiceCost, ServicePrices } from '../../model/service-cost.ts'
import type { Page } from '../face.ts'
import { countOf, formatDuration, formatNumber } from './format-values.ts'
import { wrapText } from './wrap-text.ts'

/** Says what a rollout takes of a service, and what that costs. */
export function serviceCostLines(cost: ServiceCost, { width }: Page): string[] {
  const { service, calls, callsPerMinute, leastMs, wakes, dollars, branches, warnings } = cost
  const asked =
    calls.most === 0
      ? 'no calls of its API'
      : `${formatNumber(calls.least)} to ${formatNumber(calls.most)} calls of its API (${formatNumber(callsPerMinute)} a minute)`
  const price = dollars === null ? '' : `, ${money(dollars.about)} (${sourceOf(dollars.prices)})`
  const kept =
    branches === 0 ? '' : ` For each of ${countOf(branches, 'restore point')} a branch is kept until it is pruned.`
  const text = `${service}: ${asked}; ${formatDuration(leastMs)} at least. Up to ${countOf(wakes, 'compute')} woken${price}.${kept}`
  return [text, ...warnings].map((it) => wrapText(it, { width, first: '   ' }))
}

/** Says why a plan is not started; undefined when nothing that is known of the service speaks against it. */
export function serviceRefusal({ serviceCost }: Pick<RolloutPlan, 'serviceCost'>): string | undefined {
  return serviceCost?.refusal && `${serviceCost.refusal} It is not started. ${ERRORS.HISTORY_TOO_SHORT.remedy}`
}

/** Says what a plan takes of a service, below an empty line; nothing without one. */
export function planServiceLines({ serviceCost, serviceCostUnknown }: RolloutPlan, page: Page): string[] {
  return [
    ...(serviceCost ? ['', ...serviceCostLines(serviceCost, page)] : []),
    ...(serviceCostUnknown ? ['', ...unknownServiceCostLines(serviceCostUnknown, page)] : []),
  ]
}

/** Says why it is not known what a rollout takes of a service. */
function unknownServiceCostLines(why: string, { width }: Page): string[] {
  return [
    wrapText(`What this takes of the provider's service, and costs, is not known: ${why}`, { width, first: '   ' }),
  ]
}

function sourceOf(prices: ServicePrices): string {
  return prices.from === 'configuration' ? 'at the configured prices' : `${prices.plan}, at prices of ${prices.asOf}`
}

function money(dollars: number): string {
  return dollars > 0 && dollars < 0.01 ? 'less than $0.01' : `about $${dollars.toFixed(2)}`
}
