import type { AdoptionResult } from '../../model/fleet-status.ts'
import type { Page } from '../face.ts'
import { countOf, formatNumber, formatVersion } from './format-values.ts'
import { wrapText } from './wrap-text.ts'

const EXAMPLES = 3

/** Sums adoption up: what was adopted by version, what was refused by reason. */
export async function* adoptionLines(
  results: AsyncIterable<AdoptionResult>,
  { page: { width }, dryRun }: { page: Page; dryRun: boolean },
): AsyncIterable<string> {
  const versions = new Map<string, number>()
  const refusals = new Map<string, { count: number; examples: string[] }>()
  let total = 0
  let adopted = 0
  for await (const { id, verdict, version, reason } of results) {
    total += 1
    if (verdict === 'refused') {
      const cause = (reason ?? '').replace(/\.$/, '')
      const group = refusals.get(cause) ?? { count: 0, examples: [] }
      group.count += 1
      if (group.examples.length < EXAMPLES) group.examples.push(id)
      refusals.set(cause, group)
      continue
    }
    adopted += 1
    const name = formatVersion(version)
    versions.set(name, (versions.get(name) ?? 0) + 1)
  }
  const digits = formatNumber(total).length
  const line = (count: number, text: string) =>
    wrapText(text, { width, first: `   ${formatNumber(count).padStart(digits)} `, rest: ' '.repeat(digits + 4) })

  yield ` ${countOf(total, 'database')} offered.`
  if (adopted > 0) {
    const byVersion = [...versions]
      .toSorted(([, a], [, b]) => b - a)
      .map(([name, count]) => `${name} (${formatNumber(count)})`)
    yield line(adopted, `${dryRun ? 'would be adopted' : 'adopted'}, at ${byVersion.join(', ')}`)
  }
  for (const [reason, { count, examples }] of refusals) {
    yield line(count, `refused: ${reason}: ${examples.join(', ')}${count > examples.length ? ', …' : ''}`)
  }
  if (dryRun)
    yield ` Nothing was changed.${adopted > 0 ? ` Run it without --dry-run to adopt the ${formatNumber(adopted)}.` : ''}`
}
