import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Sees to it that `.fleet/` is in the .gitignore of a folder; returns whether it had to be added. */
export async function ignoreFleetFolder(folder: string): Promise<boolean> {
  const path = join(folder, '.gitignore')
  const text = await readFile(path, 'utf8').catch(() => '')
  if (/^\/?\.fleet\/?$/m.test(text)) return false
  await appendFile(path, `${text === '' || text.endsWith('\n') ? '' : '\n'}.fleet/\n`)
  return true
}
