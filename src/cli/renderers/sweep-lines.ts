import { formatBytes } from '../../lib/format-bytes.ts'
import type { SweepFinding, SweepVerdict } from '../../model/sweep.ts'
import type { Page } from '../face.ts'
import { countOf, formatNumber } from './format-values.ts'
import type { Column } from './table.ts'
import { tablePages } from './table-pages.ts'
import { wrapText } from './wrap-text.ts'

const VERDICTS: Readonly<Record<SweepVerdict, string>> = {
  'would-remove': 'would be removed',
  removed: 'removed',
  refused: 'refused',
  left: 'left',
}

const COLUMNS: readonly Column<SweepFinding>[] = [
  { title: 'server', text: (it) => it.server },
  { title: 'database', text: (it) => it.database },
  { title: 'what', text: ({ subject }) => (subject === 'role' ? 'login role' : subject) },
  { title: 'kind', text: (it) => it.kind },
  { title: 'key', text: (it) => it.key },
  { title: 'size', text: ({ bytes }) => (bytes === null ? '' : formatBytes(bytes)), align: 'right' },
  { title: '', text: ({ verdict }) => VERDICTS[verdict] },
  { title: 'why', text: (it) => it.why.replaceAll('\n', ' '), least: 12 },
]

/** Of what to do about what is left, so many are printed; `--output json` has all. */
const REMEDIES = 10

/** Lists what a sweep found, and then what it comes to. */
export async function* sweepLines(findings: AsyncIterable<SweepFinding>, page: Page): AsyncIterable<string> {
  const counts: Record<SweepVerdict, number> = { 'would-remove': 0, removed: 0, refused: 0, left: 0 }
  const remedies: SweepFinding[] = []
  async function* counted() {
    for await (const finding of findings) {
      counts[finding.verdict] += 1
      if (finding.remedy !== null && remedies.length < REMEDIES) remedies.push(finding)
      yield finding
    }
  }
  yield* tablePages(COLUMNS, counted(), {
    page,
    empty: ' Nothing: each database with the mark of this fleet has its record, and each record its database.',
  })
  for (const { database, why, remedy } of remedies) {
    yield wrapText(`${database}: ${why}`, { width: page.width, first: '\n ', rest: '   ' })
    // What is to be copied is not broken into lines.
    for (const line of (remedy ?? '').split('\n')) yield `     ${line}`
  }
  const said = (['removed', 'would-remove', 'refused', 'left'] as const).filter((verdict) => counts[verdict] > 0)
  if (said.length > 0)
    yield `\n ${said.map((verdict) => `${formatNumber(counts[verdict])} ${VERDICTS[verdict]}`).join(', ')}.`
  if (counts['would-remove'] > 0)
    yield ` Nothing was changed. To remove the ${countOf(counts['would-remove'], 'finding')}: fleet sweep --yes`
}
