import { registerHooks } from 'node:module'
import { extname } from 'node:path'

const OWN_INDEX = new URL(`../index${extname(import.meta.url)}`, import.meta.url).href

let registered = false

/**
 * Lets configuration and migration files import 'kysely-fleet' and 'kysely' wherever they are.
 * 'kysely-fleet' is always the running program: a config then works with `npx` in a folder without node_modules, and
 * never with another version than the one that reads it. 'kysely' is ours only where the project has none.
 */
export function resolveOwnPackages(): void {
  if (registered) return
  registered = true
  registerHooks({
    resolve(specifier, context, nextResolve) {
      if (specifier === 'kysely-fleet') return nextResolve(OWN_INDEX, context)
      if (specifier !== 'kysely' && !specifier.startsWith('kysely/')) return nextResolve(specifier, context)
      try {
        return nextResolve(specifier, context)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
        return nextResolve(specifier, { ...context, parentURL: import.meta.url })
      }
    },
  })
}
