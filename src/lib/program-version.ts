import { readFileSync } from 'node:fs'

/** Returns the version of the package that this program is of, as `1.2.3`. */
export function programVersion(): string {
  // Two folders up from here, in the sources as in the build.
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return version
}
