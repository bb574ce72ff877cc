import Table from 'cli-table3'
import stringWidth from 'string-width'
import type { Page } from '../face.ts'

export interface Column<Row> {
  readonly title: string
  readonly text: (row: Row) => string
  readonly align?: 'left' | 'right'
  /** May be shortened to `least` columns where the page is narrow; the others keep what can be copied. */
  readonly least?: number
  /** Shown only where the page is at least this wide. */
  readonly from?: number
}

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
} as const

/** Lays rows out in columns without lines around them; where lines are to be cut they fit the width. */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { width, cut, indent = 1 }: Pick<Page, 'width' | 'cut'> & { indent?: number },
): string {
  const shown = columns.filter((column) => (column.from ?? 0) <= width)
  const cells = rows.map((row) => shown.map((column) => column.text(row)))
  const widths = fitWidths(shown, cells, cut ? width - indent : Number.POSITIVE_INFINITY)
  const layout = new Table({
    head: shown.some((column) => column.title !== '') ? shown.map((column) => column.title) : [],
    colWidths: widths,
    colAligns: shown.map((column) => column.align ?? 'left'),
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
    wordWrap: false,
    truncate: '…',
  })
  layout.push(...cells)
  return layout
    .toString()
    .split('\n')
    .map((line) => (' '.repeat(indent) + line).trimEnd())
    .join('\n')
}

/** Takes what is missing from the columns that may be shortened, the widest first. */
function fitWidths<Row>(columns: readonly Column<Row>[], cells: readonly string[][], width: number): number[] {
  const widths = columns.map((column, index) =>
    Math.max(1, stringWidth(column.title), ...cells.map((row) => stringWidth(row[index] ?? ''))),
  )
  let excess = widths.reduce((sum, it) => sum + it + 2, -2) - width
  while (excess > 0) {
    const spare = columns.map(({ least }, index) => (least === undefined ? 0 : (widths[index] ?? 0) - least))
    const widest = spare.indexOf(Math.max(...spare))
    if ((spare[widest] ?? 0) <= 0) return widths
    widths[widest] = (widths[widest] ?? 0) - 1
    excess -= 1
  }
  return widths
}
