import assert from 'node:assert/strict'

/** Which of the two tells it. */
export type Teller = 'neon' | 'embedded'

/** Lines that must differ, by who prints them, and why. */
interface Difference {
  readonly why: string
  readonly neon?: RegExp
  readonly embedded?: RegExp
}

/** All that differs between the story on the embedded server and at Neon. Each must be met, or it stands here for nothing. */
export const DIFFERENCES: readonly Difference[] = [
  {
    why: 'Only a service limits its calls, and bills.',
    neon: /^Neon: .* at least\. Up to \d+ computes woken/,
  },
  {
    why: "Only at Neon does a restore depend on a history window, which an emulator's day is too short for.",
    neon: /^8 of 8 projects of the fleet keep too little history, /,
  },
  {
    why: 'Tenants stay in use while Neon makes a branch, and are closed while a server copies their files.',
    neon: /get a restore point first, and stay in use meanwhile\.$/,
    embedded: /get a restore point first: their sessions are ended, and nobody gets in while they are copied\.$/,
  },
  {
    why: 'A branch takes no disk, and closes nobody.',
    neon: /^neon \d+ 0 bytes unknown /,
    embedded: /^embedded \d+ [\d.]+ MB [\d.]+ GB /,
  },
  {
    why: 'What it is told by has another name.',
    neon: /^neon: times are a guess, |^demo: 8 tenants · neon$/,
    embedded: /^embedded: times are a guess, |^demo: 8 tenants · embedded$/,
  },
  {
    why: 'Only Neon can recover what was deleted, for some days.',
    neon: /^The provider can recover what was in them until /,
  },
]

/** What is so by chance, or by where a folder is, and the same word for it. */
const BY_CHANCE: readonly (readonly [RegExp, string])[] = [
  [/\.\.\/\.\.\/src\/cli\/demo\/migrations\//g, 'migrations/'],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?/g, 'DATE'],
  [/\bdigest [0-9a-f]{8}\b/g, 'digest DIGEST'],
  [/\b[\d.,]+ (ms|s|min|h)\b/g, 'TIME'],
  // Of those that are made at once, the one that is ready last is named.
  [/fleet tenant url [a-z]+/g, 'fleet tenant url TENANT'],
  [/ +/g, ' '],
]

/** How far a wave is, which is said from time to time. */
const PROGRESS = /^\w+: \d+\/\d+ done/

/**
 * Compares what a step has printed at Neon and on the embedded server, without what is so by chance and without the lines that must
 * differ, which it notes in `met`.
 * @throws AssertionError with the other lines that differ
 */
export function assertSameStory(outputs: Readonly<Record<Teller, string>>, met: Set<string>): void {
  assert.deepEqual(told(outputs.neon, 'neon', met), told(outputs.embedded, 'embedded', met))
}

function told(output: string, teller: Teller, met: Set<string>): readonly string[] {
  const lines = output
    .split('\n')
    .map((line) => BY_CHANCE.reduce((text, [what, word]) => text.replaceAll(what, word), line).trim())
    .filter((line) => {
      const difference = DIFFERENCES.find((it) => it[teller]?.test(line))
      if (difference !== undefined) met.add(difference.why)
      return line !== '' && difference === undefined && !PROGRESS.test(line)
    })
  // Tenants of one command are ready in any order.
  return [...lines.filter(isTenant).sort(), ...lines.filter((it) => !isTenant(it))]
}

function isTenant(line: string): boolean {
  return line.startsWith('✓ ')
}
