import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { buildProgram } from '../src/cli/program.ts'

const ROOT = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')
const DOCUMENTS = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md']
const { scripts } = JSON.parse(read('package.json')) as { scripts: Readonly<Record<string, string>> }

test.each(DOCUMENTS)('%s names commands that there are, with options that they take', (file) => {
  const lines = [...read(file).matchAll(/(?:npx |run )fleet (?:-- )?([^#`\n]*)/g)].map(([, line = '']) => line.trim())
  if (file === 'README.md') expect(lines.length).toBeGreaterThan(8)
  expect(lines.filter((line) => !isCommand(line.split(/\s+/)))).toEqual([])
})

test.each(DOCUMENTS)('%s names scripts of package.json', (file) => {
  const names = [...read(file).matchAll(/npm run ([\w-]+)/g)].map(([, name = '']) => name)
  expect(names.filter((name) => scripts[name] === undefined)).toEqual([])
})

test.each(DOCUMENTS)('%s points at files that there are', (file) => {
  const links = [...read(file).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path = '']) => path)
  const paths = [...read(file).matchAll(/`((?:src|test)\/[\w/.-]+)`/g)].map(([, path = '']) => path)
  expect([...links, ...paths].filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
})

test('ARCHITECTURE.md names every file of a rollout that there is', () => {
  const paths = [...read('ARCHITECTURE.md').matchAll(/`([\w-]+\/[\w/-]+\.ts)`/g)].map(([, path = '']) => path)
  expect(paths.length).toBeGreaterThan(6)
  const places = (path: string) => [join(ROOT, path), join(ROOT, 'src', path)]
  expect(paths.filter((path) => !places(path).some((it) => existsSync(it)))).toEqual([])
})

function isCommand(words: readonly string[]): boolean {
  let command: Command = buildProgram()
  for (const word of words.filter((it) => !it.startsWith('-'))) {
    command = command.commands.find((it) => it.name() === word) ?? command
  }
  const options = [...command.options, ...buildProgram().options].flatMap((it) => [it.long, it.short])
  return command.commands.length === 0 && words.every((it) => !it.startsWith('-') || options.includes(it))
}
