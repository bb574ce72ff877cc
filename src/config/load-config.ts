import { readFile } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { loadConfig as findConfig } from 'c12'
import { FleetError } from '../model/errors.ts'
import type { FleetConfig } from './config.ts'
import { explainLoadError } from './explain-load-error.ts'
import { parseConfig } from './parse-config.ts'
import { resolveOwnPackages } from './resolve-own-packages.ts'

export interface LoadConfigOptions {
  /** Where to look for `fleet.config.*`. Default: the working directory. */
  readonly cwd?: string
  /** Another file, relative to `cwd`. */
  readonly file?: string
}

/**
 * Loads `fleet.config.ts` (or .js, .mjs, .mts, .json, or `.config/fleet.ts`) and returns it validated. Variables of an `.env`
 * file beside it are read first; those that are set already win.
 *
 * @example
 * const fleet = await openFleet(await loadConfig({ cwd: '/srv/app' }))
 *
 * @throws FleetError CONFIG_NOT_FOUND, CONFIG_INVALID
 */
export async function loadConfig({ cwd = process.cwd(), file }: LoadConfigOptions = {}): Promise<FleetConfig> {
  resolveOwnPackages()
  const found = await findConfig({
    name: 'fleet',
    cwd,
    ...(file === undefined ? {} : { configFile: file }),
    // The one method that c12 calls: Node strips types itself, so that an error has the true line and nothing runs twice.
    jiti: { import: importDefault } as never,
    merger: (...sources) => sources.find((it) => it !== undefined && it !== null) ?? {},
    dotenv: true,
    envName: false,
    extend: false,
    giget: false,
    rcFile: false,
    packageJson: false,
  })
  if (found._configFile === undefined) throw notFound(cwd, file)
  const path = resolve(found._configFile)
  const folder = dirname(path)
  const root = basename(folder) === '.config' ? dirname(folder) : folder
  return parseConfig(found.config, { root, file: path, source: await readFile(path, 'utf8') })
}

async function importDefault(path: string): Promise<unknown> {
  const options = path.endsWith('.json') ? { with: { type: 'json' } } : {}
  const module: { default?: unknown } = await import(pathToFileURL(path).href, options).catch(
    async (error: unknown) => {
      throw await explainLoadError(path, error)
    },
  )
  if (module.default !== undefined) return module.default
  throw new FleetError('CONFIG_INVALID', `${basename(path)} has no default export.`, {
    remedy: 'Write: export default defineFleet({ name: ... })',
  })
}

function notFound(cwd: string, file: string | undefined): FleetError {
  return file === undefined
    ? new FleetError('CONFIG_NOT_FOUND', `There is no fleet.config.ts in ${cwd}.`)
    : new FleetError('CONFIG_NOT_FOUND', `There is no configuration file ${resolve(cwd, file)}.`)
}
