import type { Comparison } from './compare-contenders.ts'
import { markdownTable } from './markdown-table.ts'
import type { Network } from './networks.ts'
import type { Sample } from './statistics.ts'

const HEAD = ['task', 'contender', 'tenants/s', 'median', 'least – most', '× floor', '× Migrator', 'targets'] as const

/**
 * Writes how many tenants each contender brings through in a second, how that relates to the floor and to Kysely's
 * Migrator, and whether replay reaches its targets.
 */
export function showComparison({ tasks }: Comparison, tenants: number, { targets }: Pick<Network, 'targets'>): string {
  const rows = [...tasks].flatMap(([task, byContender]) => {
    const [floor, migrator, replay] = [...byContender.values()]
    return [...byContender].map(([name, sample]) => {
      const [toFloor, toMigrator] = [ratio(sample, floor), ratio(sample, migrator)]
      const target = sample === replay ? targets[task] : undefined
      const verdicts = [verdict(toFloor, target?.floor), verdict(toMigrator, target?.migrator)]
      return [
        task,
        name,
        ((tenants / sample.median) * 1000).toFixed(0),
        ...showSample(sample),
        toFloor.toFixed(2),
        toMigrator.toFixed(2),
        verdicts.filter((it) => it !== undefined).join(', '),
      ]
    })
  })
  return markdownTable(HEAD, rows)
}

/** Writes how long it takes to find nothing to do in fleets of several sizes. */
export function showNothingToDo(bySize: Comparison['nothingToDo']): string {
  return markdownTable(
    ['tenants', 'median', 'least – most'],
    [...bySize].map(([tenants, sample]) => [String(tenants), ...showSample(sample)]),
  )
}

function showSample({ median, least, most }: Sample): [string, string] {
  const ms = (value: number) => value.toFixed(value < 100 ? 1 : 0)
  return [`${ms(median)} ms`, `${ms(least)} – ${ms(most)}`]
}

/** Of tenants per second: above 1 is faster than the other. */
function ratio({ median }: Sample, to: Sample | undefined): number {
  return (to?.median ?? Number.NaN) / median
}

function verdict(reached: number, target: number | undefined): string | undefined {
  if (target === undefined) return undefined
  return `≥ ${target} ${reached >= target ? 'held' : 'missed'}`
}
