import type { DynamicReason } from '../../model/assessment.ts'
import type { MigrationFile } from '../list-migration-files.ts'
import { urlOfMigration } from '../load-migrations.ts'
import { followImports, type ImportGraph } from './import-graph.ts'
import { type EnvironmentRead, environmentReason, modulesInStack, watchEnvironment } from './watch-environment.ts'

/** Knows which migration depends on the environment: by looking itself, or by importing a module that looked when it was loaded. */
export class EnvironmentWatch {
  readonly #graph: ImportGraph = followImports()
  readonly #atLoad = new Map<string, EnvironmentRead>()
  #reads: EnvironmentRead[] = []
  #loading = false

  constructor() {
    watchEnvironment((read) => {
      this.#reads.push(read)
      // A module is run once, and the next migration that imports it gets what it computed then.
      if (this.#loading) for (const url of modulesInStack(read.stack)) this.#atLoad.set(url, read)
    })
  }

  /** Tells that modules are loaded while `load` runs. */
  async whileLoading<T>(load: () => Promise<T>): Promise<T> {
    this.#loading = true
    try {
      return await load()
    } finally {
      this.#loading = false
    }
  }

  /** Drops what was read outside of any migration. */
  forget(): void {
    this.#reads = []
  }

  /** Returns what is known against a migration, and begins anew. */
  take(file: Pick<MigrationFile, 'path' | 'checksum'>): readonly DynamicReason[] {
    const reads = this.#reads
    this.#reads = []
    const inherited = [...this.#graph.reachableFrom(urlOfMigration(file))].flatMap((url) => this.#atLoad.get(url) ?? [])
    return [...reads, ...inherited].map((read) => environmentReason(read, file.path))
  }
}
