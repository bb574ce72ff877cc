import { hasSqlDetails, loadModule, type Node, parseSync, scanSync } from 'libpg-query'

// PostgreSQL's own parser, as WebAssembly: it takes what a PostgreSQL 18 takes.
await loadModule()

/** One statement of a text of SQL. */
export interface ParsedStatement {
  /** Without white space and comments around it, and without a semicolon. */
  readonly sql: string
  /** The syntax tree, an object with one key: `{ AlterTableStmt: { … } }`. */
  readonly node: Node
  /** Where it begins in the text, as an index of JavaScript's. */
  readonly start: number
  /** Where it ends, the first index after it. */
  readonly end: number
}

/** A comment, a parameter or any other word of SQL. */
export interface SqlToken {
  /** `PARAM`, `SCONST`, `SQL_COMMENT` (to the end of the line), `C_COMMENT`, `IDENT`, … */
  readonly name: string
  readonly text: string
  readonly start: number
  readonly end: number
}

/** The parser's refusal of a text. */
export class SqlSyntaxError extends Error {
  override readonly name = 'SqlSyntaxError'
  /** Index in the text at which it stopped. */
  readonly position: number
  /** From 1. */
  readonly line: number
  /** From 1, in characters. */
  readonly column: number

  constructor(message: string, { sql, position, ...options }: ErrorOptions & { sql: string; position: number }) {
    const before = sql.slice(0, position).split('\n')
    super(message, options)
    this.position = position
    this.line = before.length
    this.column = [...(before.at(-1) ?? '')].length + 1
  }
}

/**
 * Splits a text into its statements and parses each.
 * @throws SqlSyntaxError
 */
export function parseSql(text: string): readonly ParsedStatement[] {
  if (text === '') return NOTHING
  const indexAt = byteIndex(text)
  const { stmts = [] } = parse(text)
  const tokens = scanSql(text).filter(({ name }) => !COMMENTS.has(name))
  let next = 0
  return stmts.flatMap(({ stmt, stmt_location: from = 0, stmt_len: length }) => {
    if (stmt === undefined) return []
    const [first, after] = [indexAt(from), length === undefined ? text.length : indexAt(from + length)]
    const own: SqlToken[] = []
    for (let token = tokens[next]; token !== undefined && token.end <= after; token = tokens[++next]) {
      if (token.start >= first && token.text !== ';') own.push(token)
    }
    const start = own[0]?.start ?? first
    const end = own.at(-1)?.end ?? after
    return [{ sql: text.slice(start, end), node: stmt, start, end }]
  })
}

/**
 * Returns the words of a text, comments included.
 * @throws SqlSyntaxError for a quote or comment that does not end
 */
export function scanSql(text: string): readonly SqlToken[] {
  if (text === '') return NOTHING
  const indexAt = byteIndex(text)
  return scan(text).tokens.map(({ start, end, tokenName }) => {
    const [from, to] = [indexAt(start), indexAt(end)]
    return { name: tokenName, text: text.slice(from, to), start: from, end: to }
  })
}

// An empty text is the one that the parser does not take.
const NOTHING: readonly never[] = []

const COMMENTS = new Set(['SQL_COMMENT', 'C_COMMENT'])

function parse(text: string) {
  return refusing(text, () => parseSync(text))
}

function scan(text: string) {
  try {
    return scanSync(text)
  } catch (error) {
    // What cannot be scanned cannot be parsed, and only the parser says why and where.
    parse(text)
    throw error
  }
}

function refusing<T>(text: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (!hasSqlDetails(error)) throw error
    const { message, cursorPosition = 0 } = error.sqlDetails ?? { message: error.message }
    const position = codePointIndex(text, cursorPosition)
    throw new SqlSyntaxError(message, { sql: text, position, cause: error })
  }
}

/** The parser counts bytes of UTF-8; JavaScript counts units of UTF-16. */
function byteIndex(text: string): (offset: number) => number {
  const bytes = Buffer.byteLength(text)
  if (bytes === text.length) return (offset) => offset
  // Filled once: a text of a megabyte has a hundred thousand words, each with two places.
  const indexes = new Uint32Array(bytes + 1)
  let offset = 0
  let index = 0
  for (const character of text) {
    indexes[offset] = index
    offset += Buffer.byteLength(character)
    index += character.length
  }
  indexes[bytes] = text.length
  return (at) => indexes[at] ?? text.length
}

/** The position of an error counts characters, an emoji as one. */
function codePointIndex(text: string, count: number): number {
  return [...text].slice(0, count).join('').length
}
