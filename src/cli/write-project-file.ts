import { access, mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Writes a file whole or not at all, and never over one that is there; returns whether it was written. */
export async function writeProjectFile(path: string, text: string): Promise<boolean> {
  const exists = await access(path).then(
    () => true,
    () => false,
  )
  if (exists) return false
  await mkdir(dirname(path), { recursive: true })
  const half = `${path}.${process.pid}.tmp`
  await writeFile(half, text)
  await rename(half, path)
  return true
}
