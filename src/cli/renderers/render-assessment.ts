import type { DynamicReason, MigrationAssessment } from '../../model/assessment.ts'
import type { Finding, Verdict } from '../../model/finding.ts'
import type { Page } from '../face.ts'
import { wrapText } from './wrap-text.ts'

const COLOURS = { risky: 'red', breaking: 'yellow', blocking: 'yellow', safe: 'green' } as const

/** A verdict in its colour; the word says it all. */
export function verdictText(verdict: Verdict, { style }: Page): string {
  return style(COLOURS[verdict], verdict)
}

/** A few words for a list: the rules behind the verdict. */
export function causesOf({ kind, findings, verdict, restorePoint }: MigrationAssessment): string {
  if (kind === 'dynamic') return 'dynamic, runs live; restore point'
  const rules = new Set(findings.filter((it) => it.refused || causes(it, verdict)).map(({ rule }) => rule))
  return [...rules].join(', ') + (restorePoint ? '; restore point' : '')
}

function causes(finding: Finding, verdict: Verdict): boolean {
  if (verdict === 'risky') return finding.restorePoint
  if (verdict === 'breaking') return finding.class === 'breaking'
  return verdict === 'blocking' && (finding.class === 'blocking' || finding.class === 'rewrite')
}

/** Everything that was found: statement by statement, with what to do instead. */
export function renderAssessment(file: string, assessment: MigrationAssessment, page: Page): string {
  const { findings, waived, unusedWaivers, reasons, restorePoint, tracedOn, notTraced, kind } = assessment
  const { width, style } = page
  const line = (text: string, first = '   ') => wrapText(text, { width, first, rest: ' '.repeat(first.length) })
  return [
    ` ${style('bold', file)}  ${verdictText(assessment.verdict, page)}${restorePoint ? '  restore point' : ''}`,
    ...(kind === 'dynamic' ? reasons.map((it) => renderReason(file, it, page)) : []),
    ...findings.filter(({ source }) => source !== 'recorder').map((it) => renderFinding(file, it, page)),
    ...waived.map(({ rule, reason }) => line(`${rule}: allowed, because ${reason}`)),
    ...unusedWaivers.map((rule) => line(`${rule}: is allowed by the file and was not found; remove the waiver.`)),
    ...(notTraced === null ? [] : [line(notTraced)]),
    ...(tracedOn === null ? [] : [style('dim', line(`traced on ${tracedOn}, on a database without rows`))]),
  ].join('\n')
}

function renderReason(file: string, { message, sql, line }: DynamicReason, { width, style }: Page): string {
  return [
    wrapText(`Runs live: ${message}`, { width, first: '   ' }),
    ...(line === null ? [] : [`     ${placeOf(file, line)}`]),
    ...(sql === null ? [] : [style('dim', `     ${excerpt(sql, width - 5)}`)]),
  ].join('\n')
}

function renderFinding(file: string, finding: Finding, { width, style }: Page): string {
  const { rule, sql, line, message, help, table, lock, rewrite, scan, refused, approval } = finding
  const place = placeOf(file, line)
  const facts = [
    ...(table === null ? [] : [table]),
    ...(lock === null ? [] : [lock]),
    ...(rewrite ? ['rewrite'] : []),
    ...(scan ? ['full scan'] : []),
    ...(refused ? ['refused'] : approval ? ['needs approval'] : []),
  ].join(', ')
  const text = (it: string, first: string) => wrapText(it, { width, first, rest: ' '.repeat(first.length) })
  return [
    '',
    text(`${style('bold', rule)}  ${place}${facts === '' ? '' : `  (${facts})`}`, '   '),
    ...(sql === null ? [] : [style('dim', `     ${excerpt(sql, width - 5)}`)]),
    text(message, '     '),
    ...(help === null ? [] : [text(help, '     → ')]),
  ].join('\n')
}

function placeOf(file: string, line: number | null): string {
  return line === null ? file : `${file}:${line}`
}

function excerpt(sql: string, width: number): string {
  const line = sql.replaceAll(/\s+/g, ' ')
  return line.length > width ? `${line.slice(0, width - 1)}…` : line
}
