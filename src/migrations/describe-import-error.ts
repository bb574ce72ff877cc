import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'

export interface ImportErrorDescription {
  readonly line: number | undefined
  readonly reason: string
}

/** Finds out what is wrong with a file that cannot be imported, and on which of its lines if that can be known. */
export async function describeImportError(error: unknown, path: string): Promise<ImportErrorDescription> {
  const reason = firstLine(error instanceof Error ? error.message : String(error))
  if (!(error instanceof Error)) return { line: undefined, reason }
  const line = lineInStack(error, path) ?? (await lineOfImport(reason, path)) ?? (await lineOfSyntaxError(error, path))
  return { line, reason }
}

/** Returns the line of a file that comes first in an error's stack. */
export function lineInStack(error: Error, path: string): number | undefined {
  const stack = error.stack ?? ''
  for (const place of [pathToFileURL(path).href, path]) {
    const at = stack.indexOf(place)
    const line = at < 0 ? undefined : /^(?:\?v=[0-9a-f]+)?:(\d+)/.exec(stack.slice(at + place.length))?.[1]
    if (line !== undefined) return Number(line)
  }
  return undefined
}

/** An import that is not found names the file, but not the line that imports it. */
async function lineOfImport(reason: string, path: string): Promise<number | undefined> {
  const missing = /^Cannot find (?:module|package) '([^']+)' imported from/.exec(reason)?.[1]
  if (missing === undefined) return undefined
  const lines = (await readFile(path, 'utf8')).split('\n')
  const index = lines.findIndex((line) => {
    const specifier = /(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/.exec(line)?.[1]
    return (
      specifier !== undefined && (missing === specifier || missing.endsWith(specifier.replace(/^(\.{1,2}\/)+/, '/')))
    )
  })
  return index < 0 ? undefined : index + 1
}

/** Compiles the module on its standard input without running it; V8 prints the line that it keeps from who imports. */
const COMPILE = `
  const { readFileSync } = require('node:fs')
  const source = readFileSync(0, 'utf8')
  const script = process.argv[1] === 'ts' ? require('node:module').stripTypeScriptTypes(source) : source
  new (require('node:vm').SourceTextModule)(script, { identifier: 'migration' })`

async function lineOfSyntaxError(error: Error, path: string): Promise<number | undefined> {
  if (!(error instanceof SyntaxError)) return undefined
  const args = ['--no-warnings', '--experimental-vm-modules', '-e', COMPILE, path.endsWith('ts') ? 'ts' : 'js']
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'ignore', 'pipe'] })
  child.stdin.on('error', () => {})
  child.stdin.end(await readFile(path))
  const line = /^migration:(\d+)/m.exec(await text(child.stderr))?.[1]
  return line === undefined ? undefined : Number(line)
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? message
}
