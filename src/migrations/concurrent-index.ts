/** What a CREATE INDEX CONCURRENTLY is to make. */
export interface ConcurrentIndex {
  readonly unique: boolean
  readonly name: string
  /** As written: may be qualified and quoted. */
  readonly table: string
  /** From USING or the list of columns on, as written. */
  readonly definition: string
}

const NAME = String.raw`(?:"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)`
const SPACE = String.raw`(?:\s|--[^\n]*\n|/\*[\s\S]*?\*/)`
const CREATE = new RegExp(
  `^${SPACE}*create\\s+(?<unique>unique\\s+)?index\\s+concurrently\\s+(?:if\\s+not\\s+exists\\s+)?(?<name>${NAME})\\s+` +
    `on\\s+(?:only\\s+)?(?<table>${NAME}(?:\\s*\\.\\s*${NAME})?)\\s*(?<definition>(?:using\\b|\\()[\\s\\S]*)$`,
  'iu',
)

/** Reads a CREATE INDEX CONCURRENTLY that names its index; undefined for anything else. */
export function parseConcurrentIndex(sql: string): ConcurrentIndex | undefined {
  const { unique, name, table, definition } = CREATE.exec(sql)?.groups ?? {}
  if (name === undefined || table === undefined || definition === undefined || name.toLowerCase() === 'on')
    return undefined
  return { unique: unique !== undefined, name: folded(name), table, definition: definition.replace(/[\s;]+$/, '') }
}

function folded(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase()
}
