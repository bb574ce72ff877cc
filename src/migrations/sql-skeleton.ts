/**
 * Returns a text of SQL without comments and with every quoted thing emptied, so that what is left can be searched
 * for keywords. Not a parser: it knows comments, strings, quoted identifiers and dollar quotes, and nothing else.
 */
export function sqlSkeleton(sql: string): string {
  let skeleton = ''
  let at = 0
  while (at < sql.length) {
    const rest = sql.slice(at)
    const skip = lengthOfQuoted(rest)
    if (skip === undefined) {
      // Words are taken whole: the `$` in `a$b$` begins no dollar quote, the `e` of `name'` no escape string.
      const word = /^[\p{L}_][\p{L}\p{N}_$]*/u.exec(rest)?.[0] ?? rest.charAt(0)
      skeleton += word
      at += word.length
    } else {
      skeleton += skip.leaves
      at += skip.length
    }
  }
  return skeleton.trim()
}

function lengthOfQuoted(rest: string): { length: number; leaves: string } | undefined {
  if (rest.startsWith('--')) return { length: `${rest}\n`.indexOf('\n'), leaves: ' ' }
  if (rest.startsWith('/*')) return { length: lengthOfComment(rest), leaves: ' ' }
  if (/^e'/i.test(rest)) return { length: endOfQuote(rest, 2, { escapes: true }), leaves: "''" }
  if (rest.startsWith("'")) return { length: endOfQuote(rest, 1), leaves: "''" }
  if (rest.startsWith('"')) return { length: endOfQuote(rest, 1), leaves: '""' }
  const tag = /^\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/u.exec(rest)?.[0]
  if (tag === undefined) return undefined
  const end = rest.indexOf(tag, tag.length)
  return { length: end < 0 ? rest.length : end + tag.length, leaves: "''" }
}

/** A doubled quote needs no care: it reads as the end of one quoted thing and the start of the next. */
function endOfQuote(rest: string, from: number, { escapes } = { escapes: false }): number {
  const quote = rest.charAt(from - 1)
  for (let at = from; ; ) {
    const end = rest.indexOf(quote, at)
    if (end < 0) return rest.length
    const backslashes = escapes ? (/\\*$/.exec(rest.slice(at, end))?.[0].length ?? 0) : 0
    if (backslashes % 2 === 0) return end + 1
    at = end + 1
  }
}

/** Comments nest in PostgreSQL. */
function lengthOfComment(rest: string): number {
  let depth = 0
  for (const { 0: mark, index } of rest.matchAll(/\/\*|\*\//g)) {
    depth += mark === '/*' ? 1 : -1
    if (depth === 0) return index + 2
  }
  return rest.length
}
