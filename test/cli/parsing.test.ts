import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { fleetNameFrom } from '../../src/cli/new-project.ts'
import { collectTag, parseCountOrAll, parseTagChanges } from '../../src/cli/parse-options.ts'
import { formatPlanFlags } from '../../src/cli/plan-options.ts'
import { programCall } from '../../src/cli/program-call.ts'
import { readCandidates } from '../../src/cli/read-candidates.ts'
import { refusePasswords } from '../../src/cli/refuse-passwords.ts'
import { writeInto } from '../../src/cli/write-into.ts'

test('tags are gathered, and what is none is refused', () => {
  expect(collectTag('plan=a=b', { ring: 'early' })).toEqual({ ring: 'early', plan: 'a=b' })
  for (const wrong of ['ring', '=x', 'ri ng=x']) expect(() => collectTag(wrong)).toThrow('key=value')
  expect(parseTagChanges(['acme', 'ring=early', 'plan-', 'umbrella'])).toEqual({
    ids: ['acme', 'umbrella'],
    tags: { ring: 'early', plan: null },
  })
  expect(() => parseTagChanges(['acme', '=x'])).toThrow('"=x" is not a tag.')
})

test.each([
  ['a project that has it installed', { bin: true }, 'npx fleet'],
  ['a clone of it', { clone: true }, 'npm run fleet --'],
  ['any other folder, by npx', { npx: true }, 'npx kysely-fleet'],
  ['any other folder', {}, 'fleet'],
])('the program is called by what works in %s', async (_where, { bin, clone, npx }: Record<string, boolean>, call) => {
  const folder = await mkdtemp(join(tmpdir(), 'fleet-cli-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'package.json'), '{}')
  if (bin) {
    await mkdir(join(folder, 'node_modules/.bin'), { recursive: true })
    await writeFile(join(folder, 'node_modules/.bin/fleet'), '')
  }
  const root = clone ? `${folder}/` : npx ? '/home/me/.npm/_npx/1/node_modules/kysely-fleet/' : '/usr/lib/kysely-fleet/'
  expect(programCall(folder, root)).toBe(call)
})

test('a folder that cannot be written to is a usage error', async () => {
  const refused = Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' })
  await expect(writeInto('/srv', () => Promise.reject(refused))).rejects.toMatchObject({
    code: 'USAGE',
    message: 'The folder /srv cannot be written to.',
  })
})

test('a count may be all', () => {
  expect([parseCountOrAll('0'), parseCountOrAll('all')]).toEqual([0, 'all'])
  expect(() => parseCountOrAll('-1')).toThrow('whole number')
})

test('the options of a plan are printed as they can be typed again', () => {
  expect(formatPlanFlags({ to: '0039_x', tenant: ['a', 'b c'], tag: { ring: "o'k" }, maxFailures: '5%' })).toBe(
    "--to 0039_x --tenant a --tenant 'b c' --tag 'ring=o'\\''k' --max-failures 5%",
  )
})

test.each(['postgres://u:hunter2@h/d', 'x=postgresql://:hunter2@h', 'postgres://h/d?user=u&password=hunter2'])(
  'a password in an argument is refused and not repeated: %s',
  (arg) => {
    expect(() => refusePasswords(['tenant', 'adopt', arg])).toThrow(
      expect.objectContaining({ code: 'PASSWORD_IN_ARGUMENT', message: expect.not.stringContaining('hunter2') }),
    )
  },
)

test('a URL without a password may be an argument', () => {
  expect(() => refusePasswords(['postgres://u@h:5432/d', 'postgres://h:5432/a@b'])).not.toThrow()
})

test.each([
  ['@acme/Tenant DB', 'tenant-db'],
  ['___', 'fleet'],
  ['pg', 'fleet'],
  ['a-name-that-is-much-too-long-for-a-database', 'a-name-that-is-much'],
])('%s makes the fleet name %s', (text, name) => {
  expect(fleetNameFrom(text)).toBe(name)
})

async function gather(file: string): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const candidate of readCandidates(file, (bad) => found.push(bad))) found.push(candidate)
  return found
}

async function candidatesIn(name: string, text: string): Promise<unknown[]> {
  const folder = await mkdtemp(join(tmpdir(), 'fleet-cli-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, name), text)
  return gather(join(folder, name))
}

test('databases to adopt are read from NDJSON and CSV', async () => {
  const expected = [
    { id: 'a', url: 'postgres://a' },
    { id: 'b', url: 'postgres://b', tags: { ring: 'early', plan: 'pro' } },
  ]
  expect(
    await candidatesIn(
      'x.ndjson',
      '{"id":"a","url":"postgres://a"}\n\n{"id":"b","url":"postgres://b","tags":{"ring":"early","plan":"pro"}}\n',
    ),
  ).toEqual(expected)
  expect(
    await candidatesIn('x.csv', '\ufeffid,url,tags\na,postgres://a,\nb,postgres://b,ring=early plan=pro\n'),
  ).toEqual(expected)
})

const SECRET = 'postgres://u:hunter2@h/d'

test.each([
  ['x.ndjson', `{"id":"b" "url":"${SECRET}"}`, 'it is not JSON'],
  ['x.ndjson', `{"id":5,"url":"${SECRET}"}`, 'it needs an id and a url'],
  ['x.ndjson', `{"id":"b","url":"${SECRET}","tags":{"seats":5}}`, 'tags are an object of texts, such as'],
  ['x.ndjson', `{"id":"b","url":"${SECRET}","tags":{"a b":"c"}}`, 'a name has letters, digits'],
  ['x.csv', 'b,', 'it needs an id and a url'],
  ['x.csv', `b,${SECRET},early`, 'tags are written ring=early;plan=pro'],
  ['x.csv', `b,${SECRET},ring=early,more`, 'it has more cells than the first line has titles'],
  ['x.csv', 'b', 'it needs an id and a url'],
  ['x.csv', `b,${SECRET}"x,`, 'its quotes are not those of CSV'],
])('a bad line of %s is told by its number and not quoted, and the others are read: %s', async (name, bad, reason) => {
  const csv = name.endsWith('.csv')
  const lines = csv
    ? ['id,url,tags', bad, 'c,postgres://c,ring=early']
    : [`{"id":"a","url":"postgres://a"}`, bad, '{"id":"c","url":"postgres://c","tags":{"ring":"early"}}']
  const found = await candidatesIn(name, `${lines.join('\n')}\n`)
  expect(found).toContainEqual({ line: 2, reason: expect.stringContaining(reason) })
  expect(found).toContainEqual({ id: 'c', url: 'postgres://c', tags: { ring: 'early' } })
  expect(JSON.stringify(found)).not.toContain('hunter2')
})

test.each([
  ['x.csv', 'id,link\na,postgres://a\n', 'x.csv:1: there is no column url.'],
  ['x.csv', '', 'x.csv names no database.'],
  ['x.csv', 'id,url\n', 'x.csv names no database.'],
  ['x.ndjson', '\n', 'x.ndjson names no database.'],
])('a file %s that cannot name a database is a usage error: %j', async (name, text, message) => {
  await expect(candidatesIn(name, text)).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining(message),
  })
})

test('a quote that is never closed is told, with what came before it read', async () => {
  expect(await candidatesIn('x.csv', 'id,url\na,postgres://a\nb,"postgres://b\nc,postgres://c\n')).toEqual([
    { id: 'a', url: 'postgres://a' },
    { line: 4, reason: expect.stringContaining('never closed') },
  ])
})

test('a file that is not there is a usage error', async () => {
  await expect(gather('/nowhere/x.ndjson')).rejects.toMatchObject({ code: 'USAGE' })
})
