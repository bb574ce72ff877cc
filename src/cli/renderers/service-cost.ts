import type { ServiceCost } from '../../model/service-cost.ts'
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
  const price =
    dollars === null ? '' : `, ${money(dollars.most)} at most (${dollars.plan}, prices of ${dollars.pricesAsOf})`
  const kept =
    branches === 0 ? '' : ` For each of ${countOf(branches, 'restore point')} a branch is kept until it is pruned.`
  const text = `${service}: ${asked}; ${formatDuration(leastMs)} at least. Up to ${countOf(wakes, 'compute')} woken${price}.${kept}`
  return [text, ...warnings].map((it) => wrapText(it, { width, first: '   ' }))
}

function money(dollars: number): string {
  return dollars > 0 && dollars < 0.01 ? 'less than $0.01' : `$${dollars.toFixed(2)}`
}
