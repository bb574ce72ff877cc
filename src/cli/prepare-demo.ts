import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ignoreFleetFolder } from './ignore-fleet-folder.ts'
import { writeInto } from './write-into.ts'
import { writeProjectFile } from './write-project-file.ts'

/** Shipped as they are, not compiled: they are copied to where the demonstration runs. */
const FILES = fileURLToPath(new URL('./demo/', import.meta.url))
const CONFIG = 'fleet.config.ts'

/** Returns the folder of the demonstration fleet: the working directory if it is one, else `fleet-demo/` in it, made if missing. */
export async function prepareDemo(cwd: string): Promise<string> {
  const ours = await readFile(join(FILES, CONFIG), 'utf8')
  if ((await readFile(join(cwd, CONFIG), 'utf8').catch(() => '')) === ours) return cwd
  const folder = join(cwd, 'fleet-demo')
  await writeInto(cwd, () => writeDemo(folder))
  return folder
}

async function writeDemo(folder: string): Promise<void> {
  const migrations = (await readdir(join(FILES, 'migrations'))).map((name) => join('migrations', name))
  for (const file of [...migrations, CONFIG]) {
    await writeProjectFile(join(folder, file), await readFile(join(FILES, file), 'utf8'))
  }
  // Its .ts files are ES modules whatever the project around it is.
  await writeProjectFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  await ignoreFleetFolder(folder)
}
