import { type SqlToken, scanSql } from '../sql/parse-sql.ts'
import { functionVolatility } from './function-volatility.ts'

/**
 * Says whether the body of a DO may change rows that are there, or drop what holds values, as far as its words tell: it is not
 * parsed, and what it does not mention it may still do through a trigger.
 */
export function mayLoseValues(body: string): boolean {
  const tokens = tokensOf(body)
  if (tokens === undefined || !showsWhatItExecutes(tokens)) return true
  const words = wordsOf(tokens)
  const isRetyping = words.includes('alter') && words.includes('type')
  return isRetyping || words.some((word) => LOSS_WORDS.has(word)) || tokens.some((_, i) => callsUnknown(tokens, i))
}

const LOSS_WORDS: ReadonlySet<string> = new Set(['call', 'cascade', 'delete', 'drop', 'merge', 'truncate', 'update'])

/** Returns the words of a body in lower case; undefined: it is in a language whose quotes are not those of SQL. */
export function tokensOf(body: string): readonly SqlToken[] | undefined {
  try {
    return scanSql(body)
      .filter(({ name }) => !name.endsWith('COMMENT'))
      .map((token) => ({ ...token, text: token.text.toLowerCase() }))
  } catch {
    return undefined
  }
}

/** Whether every text that is executed begins with its own command: what stands in variables cannot be seen. */
function showsWhatItExecutes(tokens: readonly SqlToken[]): boolean {
  return tokens.every(({ text }, i) => {
    if (text !== 'execute' || STORED_CODE.has(tokens[i + 1]?.text ?? '')) return true
    const isFormat = tokens[i + 1]?.text === 'format' && tokens[i + 2]?.text === '('
    const statement = tokens[isFormat ? i + 3 : i + 1]
    return statement?.name === 'SCONST' && /^(\$\w*\$|')\s*[a-z]+\s/.test(statement.text)
  })
}

/** CREATE TRIGGER … EXECUTE FUNCTION runs nothing. */
const STORED_CODE: ReadonlySet<string> = new Set(['function', 'procedure'])

/** With those of texts where some are executed. */
function wordsOf(tokens: readonly SqlToken[]): readonly string[] {
  const executes = tokens.some(({ text }) => text === 'execute')
  return tokens.flatMap(({ name, text }) => (name === 'SCONST' ? (executes ? (text.match(/\w+/g) ?? []) : []) : [text]))
}

/** Whether a function is called there that is none of PostgreSQL's own. */
function callsUnknown(tokens: readonly SqlToken[], at: number): boolean {
  if (tokens[at]?.name !== 'IDENT' || tokens[at + 1]?.text !== '(') return false
  const isQualified = tokens[at - 1]?.text === '.'
  const name = [...(isQualified ? [tokens[at - 2]?.text ?? ''] : []), tokens[at]?.text ?? '']
  const before = tokens[isQualified ? at - 3 : at - 1]?.text ?? ''
  return !BEFORE_RELATIONS.has(before) && functionVolatility(name) === 'unknown'
}

/** What stands before the name of a table or method with columns in parentheses. */
const BEFORE_RELATIONS: ReadonlySet<string> = new Set([
  'exists',
  'into',
  'on',
  'only',
  'references',
  'table',
  'using',
  'view',
])
