// biome-ignore-all lint/suspicious/noTemplateCurlyInString: source of migrations
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../../src/lib/clock.ts'
import { RecorderPair } from '../../../src/migrations/record/recorder-pair.ts'
import { editMigration, migrationFiles, setupOf, source } from './migration-files.ts'

const STATIC = source('await sql`select 1`.execute(db)')
/** Sends the id of the process that it runs in. */
const PID = source('await sql`select ${process.pid}`.execute(db)')

function openPair(): RecorderPair {
  const pair = new RecorderPair({ setup: setupOf('none') })
  onTestFinished(() => pair.close())
  return pair
}

/** Returns the process in which a migration ran that sends its id. */
async function processOf(pair: RecorderPair): Promise<number> {
  const [recording] = await pair.record(await migrationFiles({ '0001.js': PID }))
  return Number(recording?.queries[0]?.parameters[0])
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('what is recorded later is recorded in the same processes, until they are closed', async () => {
  const pair = openPair()
  const pid = await processOf(pair)
  expect(await processOf(pair)).toBe(pid)
  await pair.close()
  expect(isAlive(pid)).toBe(false)
  expect(await processOf(pair)).not.toBe(pid)
})

test('a file that was edited is judged by what it is now', async () => {
  const pair = openPair()
  const files = await migrationFiles({ '0001.js': `const flag = process.env.FLAG\n${STATIC}` })
  expect(await pair.record(files)).toMatchObject([{ kind: 'dynamic' }])
  expect(await pair.record(await editMigration(files, STATIC))).toMatchObject([{ kind: 'static' }])
})

test('a failure long after a migration has ended takes its process with it, and nothing that is recorded later', async () => {
  const pair = openPair()
  const pid = await processOf(pair)
  const late = source(`setTimeout(() => { throw new Error('late') }, 100)\nawait sql\`select 1\`.execute(db)`)
  await pair.record(await migrationFiles({ '0001.js': late }))
  while (isAlive(pid)) await systemClock.sleep(10)
  expect(await pair.record(await migrationFiles({ '0001.js': STATIC }))).toMatchObject([{ kind: 'static' }])
})
