import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { escapeRegExp } from '../lib/escape-regexp.ts'
import { FleetError } from '../model/errors.ts'

/** Says in one sentence, with file and line, why a configuration file could not be loaded. */
export async function explainLoadError(path: string, error: unknown): Promise<FleetError> {
  if (error instanceof FleetError) return error
  const message = error instanceof Error ? error.message.split('\n', 1)[0] : String(error)
  const place = await placeOf(path, error)
  const where = place ? ` (${place})` : ''
  const code = (error as NodeJS.ErrnoException | null)?.code
  if (code === 'ERR_MODULE_NOT_FOUND') {
    return refusal(`${basename(path)} imports what is not there: ${message}.${where}`, error)
  }
  if (error instanceof SyntaxError) return refusal(`${basename(path)} cannot be read: ${message}.${where}`, error)
  return refusal(`${basename(path)} threw while it was loaded: ${message}${where}`, error)
}

function refusal(message: string, cause: unknown): FleetError {
  return new FleetError('CONFIG_INVALID', message, { cause, remedy: 'Correct the file at that line.' })
}

/** `fleet.config.ts:5`, as well as it can be found. */
async function placeOf(path: string, error: unknown): Promise<string | undefined> {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const frame = new RegExp(`(?:${escapeRegExp(pathToFileURL(path).href)}|${escapeRegExp(path)}):(\\d+)`).exec(stack)
  if (frame) return `${basename(path)}:${frame[1]}`
  if ((error as NodeJS.ErrnoException | null)?.code === 'ERR_MODULE_NOT_FOUND') return importLine(path, String(error))
  if (!(error instanceof SyntaxError)) return undefined
  // A TypeScript file that this one imports has its place in the stack; a JavaScript one has none, only --check tells it.
  const other = /^(file:.*):(\d+)$/m.exec(stack)
  if (other?.[1]) return `${basename(fileURLToPath(other[1]))}:${other[2]}`
  return checkedLine(path)
}

async function importLine(path: string, message: string): Promise<string | undefined> {
  const missing = /'([^']+)'/.exec(message)?.[1]
  if (missing === undefined) return undefined
  const lines = (await readFile(path, 'utf8').catch(() => '')).split('\n')
  const index = lines.findIndex((line) => /\b(?:import|from)\b/.test(line) && line.includes(basename(missing)))
  return index < 0 ? undefined : `${basename(path)}:${index + 1}`
}

/** What `node --check` says: the only way to the line of a syntax error in JavaScript. */
async function checkedLine(path: string): Promise<string | undefined> {
  const stderr = await new Promise<string>((resolve) => {
    execFile(process.execPath, ['--check', path], (_error, _stdout, text) => resolve(text))
  })
  const line = /:(\d+)\s*$/m.exec(stderr.split('\n', 1)[0] ?? '')?.[1]
  return line === undefined ? undefined : `${basename(path)}:${line}`
}
