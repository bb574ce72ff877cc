import { escapeRegExp } from '../lib/escape-regexp.ts'

/**
 * Finds the line (from 1) where a path of the configuration is written, as well as that can be told from the text:
 * where a key is not there, the line of the nearest one around it that is. Undefined: nothing of the path is there.
 */
export function locateKey(source: string, path: readonly PropertyKey[]): number | undefined {
  const text = blankComments(source)
  let at = 0
  let found = false
  for (const part of path) {
    const next = typeof part === 'number' ? elementStart(text, at, part) : keyStart(text, at, String(part))
    if (next === undefined) break
    at = next
    found = true
  }
  return found ? text.slice(0, at).split('\n').length : undefined
}

/** Replaces comments by blanks, so that nothing in them is found and no line moves. */
function blankComments(source: string): string {
  return source.replaceAll(/(['"`])(?:\\.|(?!\1)[^\\])*\1|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (match) =>
    match.startsWith('/') ? match.replaceAll(/[^\n]/g, ' ') : match,
  )
}

/** `key:`, `"key":`, a shorthand `key,` or a method `key(`. */
function keyStart(text: string, from: number, key: string): number | undefined {
  const found = new RegExp(`(?<![\\w$.])(['"]?)${escapeRegExp(key)}\\1\\s*[:,(}]`).exec(text.slice(from))
  return found ? from + found.index : undefined
}

/** Where the element of that index begins in the list that opens next. */
function elementStart(text: string, from: number, index: number): number | undefined {
  const open = text.indexOf('[', from)
  if (open < 0) return undefined
  let depth = 0
  let element = 0
  for (let at = open + 1; at < text.length; at += 1) {
    const char = text.charAt(at)
    if (depth === 0 && element === index && /\S/.test(char)) return at
    if ('"\'`'.includes(char)) {
      const end = text.indexOf(char, at + 1)
      if (end > at) at = end
    } else if ('{[('.includes(char)) depth += 1
    else if ('}])'.includes(char)) depth -= 1
    else if (char === ',' && depth === 0) element += 1
    if (depth < 0) return undefined
  }
  return undefined
}
