const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** Draws a share as a bar of `width` columns, exact to an eighth of one; anything above 0 shows, only all of it is full. */
export function bar(part: number, whole: number, width: number, { rest = '░' }: { rest?: string } = {}): string {
  const share = whole === 0 ? 1 : Math.min(part / whole, 1)
  const exact = Math.round(share * width * 8)
  const eighths = part > 0 && exact === 0 ? 1 : part < whole ? Math.min(exact, width * 8 - 1) : width * 8
  const drawn = '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '')
  return drawn + rest.repeat(width - drawn.length)
}
