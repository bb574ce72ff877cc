import { registerHooks } from 'node:module'

/** Who imports whom, as far as it was asked for since `followImports`. URLs are those of modules, queries included. */
export class ImportGraph {
  readonly #imports = new Map<string, Set<string>>()

  add(from: string, to: string): void {
    const targets = this.#imports.get(from) ?? new Set()
    this.#imports.set(from, targets.add(to))
  }

  /** Returns a module and all that it imports, at any depth. */
  reachableFrom(url: string): ReadonlySet<string> {
    const reached = new Set([url])
    // A set that grows while it is walked is walked to its end.
    for (const module of reached) for (const target of this.#imports.get(module) ?? []) reached.add(target)
    return reached
  }
}

/** Begins to note what modules import, those that are loaded already included. */
export function followImports(): ImportGraph {
  const graph = new ImportGraph()
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const resolved = nextResolve(specifier, context)
      if (context.parentURL !== undefined) graph.add(context.parentURL, resolved.url)
      return resolved
    },
  })
  return graph
}
