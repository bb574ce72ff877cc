import stringWidth from 'string-width'

/** Breaks a text at spaces so that it fits `width` columns, with `first` before its first line and `rest` before others. */
export function wrapText(
  text: string,
  { width, first = '', rest = first }: { width: number; first?: string; rest?: string },
): string {
  const lines: string[] = []
  let line = first
  let empty = true
  for (const word of text.split(' ')) {
    if (!empty && stringWidth(line) + 1 + stringWidth(word) > width) {
      lines.push(line)
      line = rest + word
    } else line += empty ? word : ` ${word}`
    empty = false
  }
  return [...lines, line].join('\n')
}
