/** Escapes a text so that a regular expression matches it literally. (`RegExp.escape` comes with Node 24.) */
export function escapeRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
}
