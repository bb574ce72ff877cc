import stringWidth from 'string-width'
import type { FailureGroup } from '../../model/rollout.ts'
import type { Page } from '../face.ts'
import { shortenText } from './fit-text.ts'
import { countOf } from './format-values.ts'

/**
 * Lists failures by cause, the most frequent first, with one tenant to look at; `most` causes at the most. `failed` is how
 * many tenants failed: there may be more causes than those that are given.
 */
export function renderFailures(
  failures: readonly FailureGroup[],
  { page, failed, most = 10 }: { page: Page; failed: number; most?: number },
): string[] {
  if (failures.length === 0) return []
  const sorted = failures.toSorted((a, b) => b.count - a.count)
  const others = failed - sorted.reduce((sum, it) => sum + it.count, 0)
  const causes = others > 0 ? `more than ${countOf(failures.length, 'cause')}` : countOf(failures.length, 'cause')
  const lines = sorted.slice(0, most).flatMap((group) => groupLines(group, page))
  return [
    page.style('red', ` ${countOf(failed, 'failure')}, ${causes}`),
    ...lines,
    ...moreLine(sorted.slice(most), others),
  ]
}

/** What is not listed: causes that are known, and failures of causes that are not. */
function moreLine(hidden: readonly FailureGroup[], others: number): string[] {
  if (others > 0) {
    const failures = hidden.reduce((sum, it) => sum + it.count, others)
    return [`   … and more causes, of ${countOf(failures, 'failure')}`]
  }
  return hidden.length > 0 ? [`   … and ${countOf(hidden.length, 'more cause')}`] : []
}

function groupLines(
  { migration, sqlstate, message, count, example }: FailureGroup,
  { width, cut, style }: Page,
): string[] {
  const cutLine = (line: string) => (cut ? shortenText(line, width) : line)
  const head = [`   ${count} × ${migration ?? 'before any migration'}`, ...(sqlstate === null ? [] : [sqlstate])].join(
    '  ',
  )
  const whole = `${head}  ${oneLine(message)}`
  // A long name must not push out what went wrong.
  const cause = stringWidth(whole) <= width ? [whole] : [cutLine(head), cutLine(`       ${oneLine(message)}`)]
  return [...cause, style('dim', cutLine(`       e.g. ${example} · fleet tenant show ${example}`))]
}

/** The first line of a message, without what would move a terminal's cursor. */
export function oneLine(message: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not reach a terminal
  return (message.split('\n', 1)[0] ?? '').replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, ' ')
}
