import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { parse } from 'csv-parse'
import { z } from 'zod'
import type { AdoptionCandidate } from '../fleet/fleet.ts'
import { FleetError } from '../model/errors.ts'
import type { Tags } from '../model/tenant.ts'
import { readTag } from './parse-options.ts'

/** A line that offers no database, and why; never with what is written there: it may be a password. */
export interface BadLine {
  readonly line: number
  readonly reason: string
}

interface Row {
  readonly line: number
  readonly value: unknown
}

const NEEDS = 'it needs an id and a url, both of them text'
const JSON_TAGS = 'tags are an object of texts, such as {"ring":"early"}; a name has letters, digits, "_", "." and "-"'
const CSV_TAGS = 'tags are written ring=early;plan=pro; a name has letters, digits, "_", "." and "-"'

const COLUMNS = ['id', 'url']
const TAG_KEY = /^[\w.-]{1,63}$/
const tags = z.union([z.record(z.string().regex(TAG_KEY), z.string()), z.string().transform(tagsIn)])
const row = z.object({ id: z.string().min(1), url: z.string().min(1), tags: tags.optional() })

/**
 * Streams databases to adopt from a file: CSV with a line of titles when its name ends in `.csv`, else one JSON object per
 * line. Each has `id`, `url` and, if it likes, `tags` (`ring=early;plan=pro` in CSV). Bad lines are told and passed over.
 * @throws FleetError USAGE when the file cannot be read, lacks a column or names nothing
 */
export async function* readCandidates(
  file: string,
  onBadLine: (bad: BadLine) => void,
): AsyncIterable<AdoptionCandidate> {
  const csv = /\.csv$/i.test(file)
  const input = createReadStream(file)
  let lines = 0
  const tellBad = (bad: BadLine) => {
    lines += 1
    onBadLine(bad)
  }
  try {
    for await (const { line, value } of csv ? csvRows(input, { file, tellBad }) : jsonRows(input)) {
      const { success, data, error } = row.safeParse(value)
      if (success) {
        lines += 1
        const { tags: found, ...candidate } = data
        yield found === undefined ? candidate : { ...candidate, tags: found }
      } else if (value === undefined) tellBad({ line, reason: 'it is not JSON' })
      else tellBad({ line, reason: error.issues.every((it) => it.path[0] === 'tags') ? tagForm(csv) : NEEDS })
    }
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (['ENOENT', 'EACCES', 'EISDIR'].includes(code)) throw unreadable(file, error)
    throw error
  }
  if (lines === 0) throw new FleetError('USAGE', `The file ${file} names no database.`, { remedy: FORMATS })
}

const FORMATS = 'Write a line per database: {"id":"acme","url":"..."}, or CSV with the columns id, url and tags.'

function tagForm(csv: boolean): string {
  return csv ? CSV_TAGS : JSON_TAGS
}

/** Reads `a=b;c=d`. */
function tagsIn(text: string, context: z.RefinementCtx): Tags {
  const found = text
    .split(/[\s;]+/)
    .filter(Boolean)
    .map(readTag)
  if (found.includes(undefined)) context.addIssue({ code: 'custom', message: CSV_TAGS })
  return Object.fromEntries(found.flatMap((it) => (it === undefined ? [] : [[it.key, it.value]])))
}

async function* csvRows(
  input: NodeJS.ReadableStream,
  { file, tellBad }: { file: string; tellBad: (bad: BadLine) => void },
): AsyncIterable<Row> {
  const parser = input.pipe(
    parse({
      columns: (titles: string[]) => requireColumns(titles, file),
      info: true,
      trim: true,
      bom: true,
      skip_empty_lines: true,
      relax_column_count_less: true,
      skip_records_with_error: true,
      on_skip: (error) => {
        tellBad({ line: Number(error?.lines ?? 0), reason: csvReason(error?.code) })
        return undefined
      },
    }),
  )
  input.on('error', (error) => parser.destroy(error))
  for await (const { info, record } of parser) {
    const filled = Object.entries(record as Record<string, string>).filter(([, text]) => text !== '')
    yield { line: info.lines, value: Object.fromEntries(filled) }
  }
}

function csvReason(code: string | undefined): string {
  if (code === 'CSV_QUOTE_NOT_CLOSED')
    return 'it is inside a quote that was never closed; nothing after that quote was read'
  if (code?.startsWith('CSV_RECORD_INCONSISTENT')) return 'it has more cells than the first line has titles'
  return 'its quotes are not those of CSV: "..." around a whole cell, "" for one in it'
}

function requireColumns(titles: string[], file: string): string[] {
  const missing = COLUMNS.filter((title) => !titles.includes(title))
  if (missing.length === 0) return titles
  throw new FleetError('USAGE', `${file}:1: there is no column ${missing.join(' and no column ')}.`, {
    remedy: 'Begin the file with the titles of its columns: id,url,tags (tags may be left out).',
  })
}

async function* jsonRows(input: NodeJS.ReadableStream): AsyncIterable<Row> {
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

function unreadable(file: string, cause: unknown): FleetError {
  return new FleetError('USAGE', `The file ${file} cannot be read.`, { cause, remedy: 'Name a file that is there.' })
}
