import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { formatConnectionString } from '../../src/postgres/connection-string.ts'
import { migration, setup } from './tenant-database.ts'

const STEPS = ['create table items (id int)', 'select pg_sleep(60)', 'create index concurrently items_id on items (id)']
const without = (steps: readonly string[]) => steps.map((text) => (text.includes('sleep') ? 'select 1' : text))

test.each([
  ['in its transaction', true, [...STEPS.slice(0, 2)], 1],
  ['between its steps', false, STEPS, 1],
  ['in a concurrent step', false, ['create table items (id int)', STEPS[2] ?? ''], 1],
])(
  'a process that is killed %s leaves a database that its successor brings to the same end',
  async (_, transaction, steps, at) => {
    const { apply, connection, connect, query } = await setup()
    const holder = await connect()
    // Makes the index build wait, so that the process dies within it.
    await query('create table held ()')
    await holder.query('begin isolation level repeatable read; select 1; insert into held default values')
    const url = formatConnectionString(connection, { reveal: true })
    const child = spawn(process.execPath, [
      join(import.meta.dirname, 'crash-child.ts'),
      JSON.stringify({ url, steps, at, transaction }),
    ])
    const [, killedBy] = await once(child, 'exit')
    expect(killedBy).toBe('SIGKILL')
    await holder.query('rollback')

    const up = migration(
      '0001_steps',
      async (db) => {
        for (const text of without(steps)) await sql.raw(text).execute(db)
      },
      { transaction },
    )
    expect(await apply([up])).toEqual({ kind: 'applied', history: ['0001_steps'], applied: ['0001_steps'] })
    expect(await query('select name from kysely_migration')).toEqual(['0001_steps'])
    const indexes = transaction ? [] : [true]
    expect(await query(`select indisvalid from pg_index where indrelid = 'items'::regclass`)).toEqual(indexes)
    expect(await query(`select to_regclass('fleet_step')`)).toEqual([null])
  },
)
