/** How much of a long line is shown, in characters. */
const WIDTH = 100

/** Shows a place in a text: its line, and below it a caret. */
export function showPosition(text: string, position: number): string {
  const from = text.lastIndexOf('\n', position - 1) + 1
  const to = text.indexOf('\n', position)
  // Tabs and wide characters would move the caret away from what it points at; tabs are the likely ones.
  const line = text.slice(from, to < 0 ? undefined : to).replaceAll(/[\t\r]/g, ' ')
  const column = [...line.slice(0, position - from)].length
  const start = Math.max(0, column - WIDTH / 2)
  const shown = [...line]
    .slice(start, start + WIDTH)
    .join('')
    .trimEnd()
  return `  ${shown}\n  ${' '.repeat(column - start)}^`
}
