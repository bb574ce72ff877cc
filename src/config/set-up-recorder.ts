import type { KyselyPlugin } from 'kysely'
import { resolveOwnPackages } from './resolve-own-packages.ts'

/** Where the configuration is that brings plugins; null: there are none. */
export interface RecorderArgument {
  readonly file: string | null
  readonly root: string
}

/**
 * Prepares a recorder's process as the program's own is: migrations find the same packages, and the plugins of the
 * configuration are those of a live run.
 */
export async function setUpRecorder({ file, root }: RecorderArgument): Promise<readonly KyselyPlugin[]> {
  resolveOwnPackages()
  if (file === null) return []
  // Only now: it is most of what such a process would load, and few have plugins.
  const { loadConfig } = await import('./load-config.ts')
  return (await loadConfig({ cwd: root, file })).migrations.plugins
}
