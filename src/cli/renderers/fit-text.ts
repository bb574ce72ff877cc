import stringWidth from 'string-width'

/** Shortens a text to `width` columns with an ellipsis, or fills it up with blanks: `left` aligned unless told otherwise. */
export function fitText(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const short = shortenText(text, width)
  const blanks = ' '.repeat(Math.max(0, width - stringWidth(short)))
  return align === 'left' ? short + blanks : blanks + short
}

/** Shortens a text to at most `width` columns; the end is what goes. The text has no colours. */
export function shortenText(text: string, width: number): string {
  if (stringWidth(text) <= width) return text
  let short = ''
  for (const char of text) {
    if (stringWidth(short + char) > width - 1) break
    short += char
  }
  return width < 1 ? '' : `${short}…`
}
