import type { Comparison } from './compare-contenders.ts'
import { markdownTable } from './markdown-table.ts'
import type { Sample } from './statistics.ts'

/** Writes how long each contender took, and how that relates to the floor and to Kysely's Migrator. */
export function showComparison({ tasks }: Comparison): string {
  const rows = [...tasks].flatMap(([task, byContender]) => {
    const [floor, migrator] = [...byContender.values()]
    return [...byContender].map(([name, sample]) => [
      task,
      name,
      ...showSample(sample),
      showRatio(sample, floor),
      showRatio(sample, migrator),
    ])
  })
  return markdownTable(['task', 'contender', 'median', 'least – most', '÷ floor', '÷ Migrator'], rows)
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

function showRatio({ median }: Sample, to: Sample | undefined): string {
  return to === undefined ? '' : (median / to.median).toFixed(2)
}
