import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const DEMO = join(ROOT, 'src/cli/demo')
const files = ['fleet.config.ts', ...readdirSync(join(DEMO, 'migrations')).map((name) => `migrations/${name}`)]

test('the demonstration has six migrations, and the repository has no others', () => {
  expect(files).toHaveLength(7)
  expect(readdirSync(join(ROOT, 'migrations'))).toEqual(readdirSync(join(DEMO, 'migrations')))
})

test.each(files)('%s is the same in the repository and in the program', (file) => {
  expect(readFileSync(join(ROOT, file), 'utf8')).toBe(readFileSync(join(DEMO, file), 'utf8'))
})

test.each(files.slice(1))('%s loads anywhere: it imports types only', (file) => {
  const imports = readFileSync(join(DEMO, file), 'utf8').match(/^import .*$/gm)
  expect(imports).toEqual(["import type { Kysely } from 'kysely'"])
})
