import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleepFor } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { formatConnectionString } from '../../src/postgres/connection-string.ts'
import { byReplay, NAMES } from './crash-replay-migrations.ts'
import { MADE, setup } from './tenant-database.ts'

/** In seconds: long enough that a moment often falls into one. */
const PAUSE = 0.03

describe('a process that applies by replay and is killed with kill -9', () => {
  test.each(NAMES.map((name, index) => ({ name, dieAfter: index + 1 })))(
    'once it knows that $name is committed leaves each migration undone or done, and its successor does the rest',
    async ({ dieAfter }) => {
      const { start, isWhole, finish } = await tenant()
      const { ended, told } = await start({ dieAfter })
      expect(await ended).toBe('SIGKILL')
      expect(told).toEqual(NAMES.slice(0, dieAfter))
      await isWhole(told)
      await finish()
    },
  )

  test.each(randomMoments())('%i ms after it connected leaves the same', async (moment) => {
    const { start, isWhole, finish } = await tenant()
    const { child, ended, told } = await start({ sleep: PAUSE })
    await sleepFor(moment)
    child.kill('SIGKILL')
    await ended
    await isWhole(told)
    await finish()
  })
})

test.each(randomMoments())('a backend that is ended %i ms after it connected leaves the same', async (moment) => {
  const { start, isWhole, finish, query } = await tenant()
  const { pid, ended, told } = await start({ sleep: PAUSE })
  await sleepFor(moment)
  await query(`select pg_terminate_backend(${pid})`)
  expect(await ended).toBe(0)
  await isWhole(told)
  await finish()
})

/** Ten moments, in milliseconds, from before the first statement to behind the last COMMIT. */
function randomMoments(): readonly number[] {
  const whole = NAMES.length * 3 * PAUSE * 1_000
  return Array.from({ length: 10 }, () => Math.floor(Math.random() * 1.1 * whole))
}

interface Named {
  readonly name: string
}

async function tenant() {
  const { apply, connection, connect, history, query } = await setup()
  await query('create table done (name text)')
  const looking = await connect()

  /** Resolves when the process has connected. `told` grows by what it says that it has committed. */
  const start = async ({ sleep = 0, dieAfter = 0 }) => {
    const url = formatConnectionString(connection, { reveal: true })
    const argument = JSON.stringify({ url, sleep, dieAfter })
    const child = spawn(process.execPath, [join(import.meta.dirname, 'crash-replay-child.ts'), argument], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(child, 'close').then(([code, signal]) => code ?? signal)
    const told: string[] = []
    const connected = new Promise<number>((resolve, reject) => {
      createInterface(child.stdout).on('line', (line) => {
        const [what, which = ''] = line.split(' ')
        if (what === 'committed') told.push(which)
        else resolve(Number(which))
      })
      child.once('exit', () => reject(new Error('It ended before it had connected.')))
    })
    return { child, ended, told, pid: await connected }
  }

  /**
   * Looks, in one snapshot and whatever still goes on in the server: each migration is done, or not begun, and all that
   * the process told of are done.
   */
  const isWhole = async (told: readonly string[]) => {
    await looking.query('begin isolation level repeatable read')
    const tables = await looking.query<{ tablename: string }>(
      `select tablename from pg_tables where tablename ~ '^(t_|kysely_migration$)' order by 1`,
    )
    const done = await looking.query<Named>('select name from done order by name')
    const made = tables.rows.map(({ tablename }) => tablename)
    const hasHistory = made.includes('kysely_migration')
    const recorded = hasHistory ? await looking.query<Named>('select name from kysely_migration order by name') : done
    await looking.query('commit')

    const names = done.rows.map(({ name }) => name)
    expect(names).toEqual(NAMES.slice(0, names.length))
    expect(names.slice(0, told.length)).toEqual(told)
    expect(made.filter((name) => name.startsWith('t_'))).toEqual(names.map((name) => `t_${name}`))
    expect(recorded.rows).toEqual(done.rows)
    if (!hasHistory) expect(names).toEqual([])
  }

  /** Applies again, as the next attempt does. */
  const finish = async () => {
    const outcome = await apply([], { ...byReplay({ sleep: 0 }), applicationName: 'fleet/r1/tenant/2' })
    expect(outcome).toMatchObject({ kind: 'applied', history: NAMES })
    expect(await history()).toEqual(NAMES)
    expect(await query('select name from done order by name')).toEqual(NAMES)
    expect(await query(MADE)).toEqual(NAMES.map((name) => `t_${name}`))
  }
  return { start, isWhole, finish, query }
}
