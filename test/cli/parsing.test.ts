import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { fleetNameFrom } from '../../src/cli/new-project.ts'
import { collectTag, parseCountOrAll, parseTagChanges } from '../../src/cli/parse-options.ts'
import { formatPlanFlags } from '../../src/cli/plan-options.ts'
import { readCandidates } from '../../src/cli/read-candidates.ts'
import { refusePasswords } from '../../src/cli/refuse-passwords.ts'

test('tags are gathered, and what is none is refused', () => {
  expect(collectTag('plan=a=b', { ring: 'early' })).toEqual({ ring: 'early', plan: 'a=b' })
  for (const wrong of ['ring', '=x', 'ri ng=x']) expect(() => collectTag(wrong)).toThrow('key=value')
  expect(parseTagChanges(['acme', 'ring=early', 'plan-', 'umbrella'])).toEqual({
    ids: ['acme', 'umbrella'],
    tags: { ring: 'early', plan: null },
  })
  expect(() => parseTagChanges(['acme', '=x'])).toThrow('"=x" is not a tag.')
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
  ['a-name-that-is-much-too-long-for-a-database', 'a-name-that-is-much'],
])('%s makes the fleet name %s', (text, name) => {
  expect(fleetNameFrom(text)).toBe(name)
})

async function gather(file: string): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const candidate of readCandidates(file)) found.push(candidate)
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

test.each([
  ['x.ndjson', '{"id":"a","url":"postgres://u:hunter2@a"}\n{"id":"b" "url":"postgres://u:hunter2@b"}', /x\.ndjson:2: /],
  ['x.csv', 'id,url\na,postgres://u:hunter2@a\nb\n', /x\.csv:3: /],
  ['x.csv', 'id,link\na,postgres://u:hunter2@a\n', /x\.csv:2: the line needs an id and a url\./],
])('a bad line of %s is named, and not quoted', async (name, text, message) => {
  const refusal = await candidatesIn(name, text).catch((error: unknown) => error)
  expect(refusal).toMatchObject({ code: 'USAGE', message: expect.stringMatching(message) })
  expect(String(refusal)).not.toContain('hunter2')
})

test('a file that is not there is a usage error', async () => {
  await expect(gather('/nowhere/x.ndjson')).rejects.toMatchObject({ code: 'USAGE' })
})
