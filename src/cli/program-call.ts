import { existsSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Returns the words that run this program in a folder, whoever installed it how: `fleet` alone is on the PATH of few. */
export function programCall(folder: string, root = ROOT): string {
  if (parentsOf(folder).some((it) => existsSync(join(it, 'node_modules', '.bin', 'fleet')))) return 'npx fleet'
  if (root.includes(`${sep}_npx${sep}`)) return 'npx kysely-fleet'
  // In a clone, npm runs the script of the nearest package.json.
  const nearest = parentsOf(folder).find((it) => existsSync(join(it, 'package.json')))
  return nearest !== undefined && join(nearest, sep) === join(root, sep) ? 'npm run fleet --' : 'fleet'
}

function parentsOf(folder: string): string[] {
  const parent = dirname(folder)
  return parent === folder ? [folder] : [folder, ...parentsOf(parent)]
}
