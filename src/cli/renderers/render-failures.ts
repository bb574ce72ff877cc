import stringWidth from 'string-width'
import type { FailureGroup } from '../../model/rollout.ts'
import type { Page } from '../face.ts'
import { shortenText } from './fit-text.ts'
import { countOf } from './format-values.ts'

/** Lists failures by cause, the most frequent first, with one tenant to look at; `most` causes at the most. */
export function renderFailures(failures: readonly FailureGroup[], page: Page, most = 10): string[] {
  if (failures.length === 0) return []
  const total = failures.reduce((sum, it) => sum + it.count, 0)
  const sorted = failures.toSorted((a, b) => b.count - a.count)
  const lines = sorted.slice(0, most).flatMap((group) => groupLines(group, page))
  const more = sorted.length > most ? [`   … and ${countOf(sorted.length - most, 'more cause')}`] : []
  return [page.style('red', ` ${countOf(total, 'failure')}, ${countOf(failures.length, 'cause')}`), ...lines, ...more]
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
