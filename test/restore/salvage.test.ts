import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { quoteIdentifier } from '../../src/postgres/identifiers.ts'
import { setupFleet } from '../support/fleet.ts'
import { runFleet } from '../support/fleet-process.ts'
import { copyFrom } from './copy-from.ts'

async function setup() {
  const fleet = await setupFleet()
  await fleet.create(['acme'])
  /** As the owner of the tenant's tables: what migrations do. */
  const asOwner = async (sql: string) => {
    const result = await fleet.inTenant('acme', (client) => client.query(`set role fleet_owner; ${sql}`))
    return [result].flat().at(-1)?.rows ?? []
  }
  return { ...fleet, asOwner, folder: join(fleet.root, 'rows') }
}

const linesOf = async (path: string) => (await readFile(path, 'utf8')).trimEnd().split('\n')

describe('what a restore would lose of small tables', () => {
  test('is counted by the rows themselves: inserted, updated, deleted, and twice the same', async () => {
    const { fleet, asOwner, inTenant } = await setup()
    await asOwner(`create table twice (text text); insert into twice values ('a'), ('a'), ('b'), (null);
      insert into items select n, n from generate_series(1, 5) n`)
    await fleet.restorePoints.create('acme')
    await asOwner(`insert into items values (6, 6); update items set price = 0 where id = 1; delete from items where id = 2;
      insert into twice values ('a'), (''); delete from twice where text = 'b'`)
    await inTenant('acme', (client) => client.query('select pg_stat_reset()'))
    await expect(fleet.restore('acme')).rejects.toMatchObject({
      code: 'RESTORE_REFUSED',
      message: expect.stringMatching(
        /only in the tenant are 4, only in the restore point 3:\n {2}public.items {2}2 and 2\n {2}public.twice {2}2 and 1/,
      ),
    })
    expect(await asOwner('select count(*)::int as count from items')).toEqual([{ count: 5 }])
    const { loss, closedFor, age } = await fleet.restore('acme', { acceptDataLoss: true })
    expect(loss).toMatchObject({ kind: 'unknown' })
    expect(closedFor).toBeLessThan(5_000)
    expect(age).toBeGreaterThan(0)
  })

  test('is nothing, exactly, after a migration that dropped, retyped, added and renamed', async () => {
    const { fleet, asOwner } = await setup()
    await asOwner(`create table gone (id int); insert into gone values (1); create table old_name (old_column text);
      insert into old_name values ('x'); insert into items select n, n from generate_series(1, 100) n`)
    await fleet.restorePoints.create('acme')
    await asOwner(`drop table gone; alter table old_name rename column old_column to new_column;
      alter table old_name rename to new_name; alter table items alter column id type bigint;
      alter table items add column color text default 'red'; alter table new_name drop column new_column, add column other int;
      create table new_table (id int)`)
    const { loss } = await fleet.restore('acme')
    expect(loss).toEqual({ kind: 'none' })
    expect(await asOwner('select old_column from old_name')).toEqual([{ old_column: 'x' }])
  })

  test('counts what was written into new columns and new tables', async () => {
    const { fleet, asOwner } = await setup()
    await asOwner('insert into items select n, n from generate_series(1, 10) n')
    await fleet.restorePoints.create('acme')
    await asOwner(`alter table items add column color text default 'red'; create table new_table (id int);
      update items set color = 'blue' where id < 3; insert into new_table values (1)`)
    await expect(fleet.restore('acme')).rejects.toMatchObject({
      message: expect.stringMatching(/:\n {2}public.items {2}2 and 2\n {2}public.new_table {2}1 and 0$/),
    })
  })
})

describe('a salvage', () => {
  test('writes what COPY reads back as it was, whatever the names and values', async () => {
    const { fleet, asOwner, inTenant, folder } = await setup()
    const odd = quoteIdentifier('Odd "/.. name', 'Tab le.1')
    await asOwner(`create schema ${quoteIdentifier('Odd "/.. name')};
      create table ${odd} ("a""b" text, n numeric, f float8, j jsonb, d timestamptz, b bytea, l text[],
        double int generated always as (1 + 1) stored, "select" interval);
      create table one (only_column text)`)
    await fleet.restorePoints.create('acme')
    await asOwner(`insert into ${odd} ("a""b", n, f, j, d, b, l, "select") values
        (null, 1.10, 0.1::float8 + 0.2, '{"a": "\\""}', now(), '\\x00ff', '{a,NULL,""}', '1 mon -2 d'),
        ('', null, 'NaN', null, 'infinity', '', '{}', null),
        (E'a"b,\\n\\r\\n\\\\.\\n', 0, '-0', '[]', null, null, null, null),
        (E'\\\\.', 1, 1, '1', null, null, null, null), ('grün €', 1, 1, '1', null, null, null, null),
        ('grün €', 1, 1, '1', null, null, null, null);
      insert into one values (null), (''), ('NULL'), (E'\\\\N')`)
    const { salvage, kept } = await fleet.restore('acme', { salvage: folder })
    expect(salvage).toMatchObject({ pointId: kept.id, notCompared: [] })
    expect(salvage?.tables).toEqual([
      { schema: 'Odd "/.. name', table: 'Tab le.1', file: 'Odd%20%22%2F%2E%2E%20name.Tab%20le%2E1.csv', rows: 6 },
      { schema: 'public', table: 'one', file: 'public.one.csv', rows: 4 },
    ])
    expect((await readdir(folder)).sort()).toEqual([...(salvage?.tables.map((it) => it.file) ?? []), 'salvage.json'])
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
    for (const file of await readdir(folder)) expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600)
    const checksum = (table: string) =>
      asOwner(`select count(*)::int, md5(string_agg(t::text, '|' order by t::text)) as sum from ${table} t`)
    const read: unknown[] = []
    await inTenant('acme', async (client) => {
      for (const { schema, table, file } of salvage?.tables ?? []) {
        const path = join(folder, file)
        const name = quoteIdentifier(schema, table)
        const [header = ''] = await linesOf(path)
        await copyFrom(client, `copy ${name} (${header}) from stdin (format csv, header, encoding 'UTF8')`, path)
        read.push(await checksum(name))
      }
    })
    await fleet.restore('acme', { to: kept.id, acceptDataLoss: true })
    expect([await checksum(odd), await checksum('one')]).toEqual(read)
  })

  test('is not enough where rows were deleted; then nothing is written, and the folder is given back', async () => {
    const { fleet, asOwner, folder } = await setup()
    await asOwner('insert into items values (1, 1), (2, 2)')
    await fleet.restorePoints.create('acme')
    await asOwner('insert into items values (3, 3); delete from items where id = 1')
    await expect(fleet.restore('acme', { salvage: folder })).rejects.toMatchObject({ code: 'RESTORE_REFUSED' })
    await expect(readdir(folder)).rejects.toMatchObject({ code: 'ENOENT' })
    const { salvage } = await fleet.restore('acme', { salvage: folder, acceptDataLoss: true })
    expect(salvage?.tables).toMatchObject([{ rows: 1 }])
    expect(await linesOf(join(folder, 'public.items.csv'))).toEqual(['"id","price"', '"3","3"'])
  })

  test('into a folder that cannot be used is refused before anything is changed', async () => {
    const { fleet, asOwner, root, folder } = await setup()
    await fleet.restorePoints.create('acme')
    await asOwner('insert into items values (1, 1)')
    await writeFile(join(root, 'file'), '')
    await mkdir(folder)
    await writeFile(join(folder, 'mine'), 'kept')
    for (const salvage of [join(root, 'file', 'rows'), join(root, 'file'), folder])
      await expect(fleet.restore('acme', { salvage })).rejects.toMatchObject({ code: 'SALVAGE_REFUSED' })
    expect(await asOwner('select id from items')).toEqual([{ id: 1 }])
    expect(await fleet.restorePoints.list()).toMatchObject([{ id: 'p1', state: 'ready' }])
    expect(await readFile(join(folder, 'mine'), 'utf8')).toBe('kept')
  })

  test('names what it may not read, and large objects', async () => {
    const { fleet, asOwner, inTenant, folder } = await setup()
    await inTenant('acme', (client) => client.query('create table secret (id int); revoke all on secret from public'))
    const point = await fleet.restorePoints.create('acme')
    await asOwner(`select lo_from_bytea(0, 'a')`)
    const { kept } = await fleet.restore('acme', { acceptDataLoss: true })
    expect(point.id).not.toBe(kept.id)
    const { notCompared } = await fleet.restorePoints.salvage(kept.id, folder)
    expect(notCompared).toEqual([
      { what: 'large objects', why: expect.any(String) },
      { what: 'public.secret', why: 'PostgreSQL refuses to read it (42501)' },
    ])
  })

  test.each(['salvage.claimed', 'salvage.table-written'])(
    'killed at %s loses nothing: it is made again from what was kept, in the same folder',
    async (failpoint) => {
      const { fleet, asOwner, root, env, folder } = await setup()
      await fleet.restorePoints.create('acme')
      await asOwner('insert into items values (1, 1), (2, null)')
      const args = ['restore', 'acme', '--salvage', folder, '--yes']
      const killed = await runFleet(args, { root, env: { ...env, FLEET_FAILPOINT: failpoint } })
      expect(killed.code).toBe('SIGKILL')
      expect(await asOwner('select * from items')).toEqual([])
      expect(await readdir(folder)).not.toContain('salvage.json')
      // The tenant has returned already: there is nothing that the same command could take it back to.
      const again = await runFleet(args, { root, env })
      expect(again.code).toBe(5)
      expect(again.output.replaceAll(/\s+/g, ' ')).toContain('fleet restore-point salvage p2')
      expect(await asOwner('select * from items')).toEqual([])
      expect(await runFleet(['restore-point', 'salvage', 'p2', folder], { root, env })).toMatchObject({ code: 0 })
      expect((await readdir(folder)).sort()).toEqual(['public.items.csv', 'salvage.json'])
      expect((await linesOf(join(folder, 'public.items.csv'))).slice(1).sort()).toEqual(['"1","1"', '"2",'])
      const deleted = await runFleet(['tenant', 'delete', 'acme', '--yes'], { root, env })
      expect(deleted.output.replaceAll(/\s+/g, ' ')).toContain(`Rows of acme were salvaged to ${folder}`)
      expect(await readdir(folder)).toContain('public.items.csv')
    },
  )

  test('killed while it marks the folder, it takes that folder when it is run again', async () => {
    const { fleet, asOwner, root, env, folder } = await setup()
    await fleet.restorePoints.create('acme')
    await asOwner('insert into items values (1, 1)')
    const args = ['restore', 'acme', '--salvage', folder, '--yes']
    const killed = await runFleet(args, { root, env: { ...env, FLEET_FAILPOINT: 'salvage.marking' } })
    expect(killed.code).toBe('SIGKILL')
    expect(await readdir(folder)).toEqual(['unfinished.json.part'])
    expect(await asOwner('select * from items')).toHaveLength(1)
    expect(await runFleet(args, { root, env })).toMatchObject({ code: 0 })
    expect((await readdir(folder)).sort()).toEqual(['public.items.csv', 'salvage.json'])
  })

  test('of 200,000 wide rows takes little memory', async () => {
    const { fleet, asOwner, root, env, folder } = await setup()
    await asOwner(`create table wide (id int, text text)`)
    await fleet.restorePoints.create('acme')
    await asOwner(`insert into wide select n, repeat('x', 600) from generate_series(1, 200000) n`)
    const capped = { ...env, NODE_OPTIONS: '--max-old-space-size=64' }
    const args = ['restore', 'acme', '--salvage', folder, '--yes']
    expect(await runFleet(args, { root, env: capped })).toMatchObject({ code: 0 })
    expect((await stat(join(folder, 'public.wide.csv'))).size).toBeGreaterThan(120_000_000)
    expect(await asOwner('select count(*)::int as count from wide')).toEqual([{ count: 0 }])
  })
})
