import { syncBuiltinESMExports } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { DynamicReason } from '../../model/assessment.ts'
import { lineInStack } from '../describe-import-error.ts'

/** A look into the environment. */
export interface EnvironmentRead {
  /** Name of the variable; undefined: all of them. */
  readonly variable: string | undefined
  /** Where it was read. */
  readonly stack: Error
}

/**
 * Replaces the environment of this process by one that holds only what Node itself looks at, and that reports who looks.
 * Reads by Node's own code are not reported.
 */
export function watchEnvironment(note: (read: EnvironmentRead) => void): void {
  const kept = Object.entries(process.env).filter(([variable]) => isNodes(variable))
  const read = (variable?: string) => {
    const stack = new Error()
    if (!isByNode(stack)) note({ variable, stack })
  }
  process.env = new Proxy<NodeJS.ProcessEnv>(Object.fromEntries(kept), {
    get: (target, key) => {
      if (typeof key === 'string' && !isNodes(key)) read(key)
      return Reflect.get(target, key)
    },
    has: (target, key) => {
      if (typeof key === 'string' && !isNodes(key)) read(key)
      return Reflect.has(target, key)
    },
    ownKeys: (target) => {
      read()
      return Reflect.ownKeys(target)
    },
    set: (target, key, value) => Reflect.set(target, key, String(value)),
  })
  // For whoever writes `import { env } from 'node:process'`.
  syncBuiltinESMExports()
}

/** Returns why a migration that looked into the environment has to run live. */
export function environmentReason({ variable, stack }: EnvironmentRead, path: string): DynamicReason {
  const what = variable === undefined ? 'all environment variables' : `the environment variable ${variable}`
  return { message: `It reads ${what}.`, sql: null, line: lineInStack(stack, path) ?? null }
}

/** Returns the URLs of the modules that were running. */
export function modulesInStack({ stack = '' }: Error): readonly string[] {
  return [...stack.matchAll(/(?:\(|at |async )(file:\/\/[^)]+?|\/[^)]+?):\d+:\d+\)?$/gm)].map(([, place = '']) =>
    place.startsWith('/') ? pathToFileURL(place).href : place,
  )
}

function isNodes(variable: string): boolean {
  return /^(NODE_.*|NO_COLOR|TZ|WATCH_REPORT_DEPENDENCIES)$/.test(variable)
}

/** Says whether the code that looked is Node's: the first frame that is not the trap's own. */
function isByNode({ stack = '' }: Error): boolean {
  const own = fileURLToPath(import.meta.url)
  const frames = stack.split('\n').slice(1)
  const caller = frames.find((frame) => !frame.includes(import.meta.url) && !frame.includes(own))
  return caller?.includes('node:internal/') ?? false
}
