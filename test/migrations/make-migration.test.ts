import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { makeMigration, nextMigrationName } from '../../src/migrations/make-migration.ts'

const NOW = new Date('2026-03-04T05:06:07.890Z')

test.each([
  [[], '20260304050607_add_price'],
  [['0001_a.ts'], '0002_add_price'],
  [['0009_a.ts', '0003_b.js'], '0010_add_price'],
  [['1_a.ts', '2_b.ts'], '3_add_price'],
  [['20250101000000_a.ts'], '20260304050607_add_price'],
  [['202501010000_a.ts'], '20260304050607_add_price'],
  [['0001_a.ts', '20250101000000_b.ts'], '20260304050607_add_price'],
  [['initial.ts'], '20260304050607_add_price'],
])('after %j comes %s', (existing, expected) => {
  expect(nextMigrationName('Add Price!', existing, NOW)).toBe(expected)
})

test('a name without a letter or digit is refused', () => {
  expect(() => nextMigrationName('--', [], NOW)).toThrow(expect.objectContaining({ code: 'USAGE' }))
})

test('the file is written once and never over another', async () => {
  const root = await mkdtemp(join(tmpdir(), 'make-'))
  onTestFinished(() => rm(root, { recursive: true }))
  const folder = join(root, 'migrations')
  const clock = { now: () => NOW, sleep: async () => {}, every: () => () => {} }
  expect(await makeMigration('first one', { folder, root }, clock)).toBe('migrations/20260304050607_first_one.ts')
  expect(await readFile(join(folder, '20260304050607_first_one.ts'), 'utf8')).toContain('export async function up')
  await writeFile(join(folder, '20260304050607_first_one.ts'), 'mine')
  await expect(makeMigration('first one', { folder, root }, clock)).rejects.toMatchObject({ code: 'USAGE' })
  expect(await readFile(join(folder, '20260304050607_first_one.ts'), 'utf8')).toBe('mine')
})

test('beside files that are ES modules by their ending, the new one is one, too', async () => {
  const root = await mkdtemp(join(tmpdir(), 'make-'))
  onTestFinished(() => rm(root, { recursive: true }))
  const at = { folder: join(root, 'migrations'), root }
  await mkdir(at.folder)
  await writeFile(join(at.folder, '0001_a.mts'), '')
  expect(await makeMigration('b', at)).toBe('migrations/0002_b.mts')
})
