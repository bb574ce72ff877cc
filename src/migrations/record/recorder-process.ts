import '../../lib/simple-wasm.ts'
import { flushCompileCache } from 'node:module'
import type { KyselyPlugin } from 'kysely'
import type { DynamicReason } from '../../model/assessment.ts'
import { loadMigration } from '../load-migrations.ts'
import { reverseMigration } from '../reverse-migration.ts'
import { EnvironmentWatch } from './environment-watch.ts'
import type { RecorderMessage, RecorderSetup, RecordRequest, StartRecorder } from './messages.ts'
import { observeOnce, observeVariants } from './observe-migration.ts'
import { shiftClock } from './shift-clock.ts'
import { skewRandom } from './skew-random.ts'

// The process in which migrations run against nothing. Started by Recorder, and told by it what to do.

// The migration's own frame is deep below those of Kysely.
Error.stackTraceLimit = 100

const { clockShift, random, setup }: StartRecorder = JSON.parse(process.argv[2] ?? '{}')
if (clockShift !== 0) shiftClock(clockShift)
skewRandom(random)

process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
const plugins = await setUp(setup).catch((error: unknown) => {
  send({ kind: 'not-ready', message: messageOf(error) })
  return []
})
const environment = new EnvironmentWatch()

for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
  process.on(event, (error: unknown) =>
    send({ kind: 'broken', message: `Something that it did not wait for failed: ${messageOf(error)}` }),
  )
}
process.on('message', (request: RecordRequest) => void record(request))
// With NODE_COMPILE_CACHE, what is loaded by now is there for the next one: this process is killed in the end.
flushCompileCache()
send({ kind: 'ready' })

async function setUp(setup: RecorderSetup | null): Promise<readonly KyselyPlugin[]> {
  if (setup === null) return []
  const { setUpRecorder } = await import(setup.module)
  return setUpRecorder(setup.argument)
}

async function record(request: RecordRequest): Promise<void> {
  send({ kind: 'done', reasons: await observe(request) })
}

async function observe({ file, reversed, runs }: RecordRequest): Promise<readonly DynamicReason[]> {
  // What came after the end of the one before is not this one's.
  environment.forget()
  try {
    const loaded = await environment.whileLoading(() => loadMigration(file))
    const migration = reversed ? reverseMigration(loaded) : loaded
    // Whoever asks has loaded it, too.
    if (migration === undefined) throw new Error('It has no `down`.')
    const options = { plugins, takeReasons: () => environment.take(file) }
    const base = await observeOnce(migration, options)
    send({ kind: 'base', queries: base.queries })
    if (base.reasons.length > 0 || runs === 'once') return base.reasons
    return await observeVariants(migration, base.queries, options)
  } catch (error) {
    return [{ message: messageOf(error), sql: null, line: null }]
  }
}

function send(message: RecorderMessage): void {
  process.send?.(message)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
