/** How much is kept of a text of Neon's: they are sentences. */
const MOST_CHARACTERS = 500

/** Returns a text on one line, cut where it is no sentence any more, without what would move a terminal's cursor. */
export function oneLine(text: string): string {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim()
  return line.length > MOST_CHARACTERS ? `${line.slice(0, MOST_CHARACTERS)}…` : line
}
