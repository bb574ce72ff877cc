import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { parse } from 'csv-parse'
import { z } from 'zod'
import type { AdoptionCandidate } from '../fleet/fleet.ts'
import { FleetError } from '../model/errors.ts'

const tags = z.union([
  z.record(z.string(), z.string()),
  z.string().transform((text) =>
    Object.fromEntries(
      text
        .split(/[\s;]+/)
        .filter(Boolean)
        .map(pair),
    ),
  ),
])
const row = z.object({ id: z.string().min(1), url: z.string().min(1), tags: tags.optional() })

function pair(text: string): [string, string] {
  const at = text.indexOf('=')
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

/**
 * Streams databases to adopt from a file: CSV with a line of titles when its name ends in `.csv`, else one JSON object per
 * line. Each has `id`, `url` and, if it likes, `tags` (`ring=early plan=pro` in CSV).
 * @throws FleetError USAGE with file and line, never with what is written there: it may be a password
 */
export async function* readCandidates(file: string): AsyncIterable<AdoptionCandidate> {
  const input = createReadStream(file)
  const rows = /\.csv$/i.test(file) ? csvRows(input) : jsonRows(input)
  try {
    for await (const { line, value } of rows) {
      const parsed = row.safeParse(value)
      if (!parsed.success) throw refusal(file, line, 'needs an id and a url')
      const { tags: found, ...candidate } = parsed.data
      yield found === undefined ? candidate : { ...candidate, tags: found }
    }
  } catch (error) {
    if (error instanceof FleetError) throw error
    const { code, lines } = error as { code?: string; lines?: number }
    if (code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR') {
      throw unreadable(file, error)
    }
    if (code?.startsWith('CSV_')) throw refusal(file, lines ?? 0, 'is not CSV as its first line announces it')
    throw error
  }
}

async function* csvRows(input: NodeJS.ReadableStream): AsyncIterable<{ line: number; value: unknown }> {
  const parser = input.pipe(parse({ columns: true, info: true, trim: true, bom: true, skip_empty_lines: true }))
  input.on('error', (error) => parser.destroy(error))
  for await (const { info, record } of parser) {
    const filled = Object.entries(record as Record<string, string>).filter(([, text]) => text !== '')
    yield { line: info.lines, value: Object.fromEntries(filled) }
  }
}

async function* jsonRows(input: NodeJS.ReadableStream): AsyncIterable<{ line: number; value: unknown }> {
  let line = 0
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    line += 1
    if (text.trim() !== '') yield { line, value: parseLine(text) }
  }
}

/** Undefined where it is no JSON: the parser's own message would quote the line. */
function parseLine(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function refusal(file: string, line: number, what: string): FleetError {
  return new FleetError('USAGE', `${file}:${line}: the line ${what}.`, {
    remedy: 'Correct the line; nothing after it was read.',
  })
}

function unreadable(file: string, cause: unknown): FleetError {
  return new FleetError('USAGE', `The file ${file} cannot be read.`, { cause, remedy: 'Name a file that is there.' })
}
