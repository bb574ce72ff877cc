import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadMigrations } from '../../src/migrations/load-migrations.ts'
import { FleetError } from '../../src/model/errors.ts'

/** Loads a folder in plain Node, as the program does: the test runner has an import of its own. Prints what came of it. */
const { folder, root, edit } = JSON.parse(process.argv[2] ?? '{}')

async function load(): Promise<unknown> {
  try {
    const migrations = await loadMigrations({ folder, root })
    return { migrations: migrations.map((it) => ({ ...it, up: typeof it.up, down: typeof it.down })) }
  } catch (error) {
    return error instanceof FleetError ? { code: error.code, message: error.message } : { unexpected: String(error) }
  }
}

const results = [await load()]
if (edit) {
  await writeFile(join(folder, edit.name), edit.text)
  results.push(await load())
}
process.stdout.write(JSON.stringify(results))
