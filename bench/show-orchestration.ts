import { markdownTable } from './markdown-table.ts'
import type { Orchestration } from './orchestration/measure-orchestration.ts'

/** Writes what a rollout over rows took, beside what it may take. */
export function showOrchestration(it: Orchestration): string {
  const { statusMs } = it
  return markdownTable(
    ['what', 'measured', 'target'],
    [
      ['plan', seconds(it.planMs), '< 10 s'],
      ['start, with a plan of its own', seconds(it.startMs), ''],
      ['tenants per second', Math.round((it.tenants / it.driveMs) * 1000).toString(), ''],
      ['the same, by tenth of the rollout', it.perSecond.map((rate) => Math.round(rate)).join(' '), 'no fall'],
      ['most memory of the driving process', `${Math.round(it.maxRssMb)} MB`, '< 300 MB'],
      ['processor time of the driving process', seconds(it.cpuMs), ''],
      ['status before', seconds(statusMs.before), '< 1 s'],
      ['status during, longest of ten', seconds(Math.max(...statusMs.during)), '< 1 s'],
      ['status after', seconds(statusMs.after), '< 1 s'],
      ['check, of the catalog alone', seconds(it.checkMs), ''],
      ['listing all tenants', seconds(it.listMs), ''],
    ],
  )
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}
