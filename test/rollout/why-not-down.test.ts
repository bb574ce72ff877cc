import { describe, expect, test } from 'vitest'
import type { MigrationAssessment } from '../../src/model/assessment.ts'
import { type TakenBack, whyNotDown, whyNotLossless } from '../../src/rollout/why-not-down.ts'
import { findingOf, SAFE } from '../support/assessments.ts'

const FINDING = findingOf({ message: 'The values of `a.b` are gone; a restore point is taken first.' })
const RISKY = { ...FINDING, restorePoint: true }
const LOSSY = { ...FINDING, dataLoss: true }

describe('whether a migration can be taken back by its down at all', () => {
  const FIT: TakenBack = { file: { checksum: '1', transaction: true, hasDown: true }, checksum: '1', up: [SAFE] }
  const file = (change: Partial<NonNullable<TakenBack['file']>>) => ({ ...FIT.file, ...change }) as TakenBack['file']
  const lost = 'only a restore brings back what it may have lost: The values of `a.b` are gone.'
  test.each<[string, Partial<TakenBack>, string | undefined]>([
    ['it can', {}, undefined],
    ['without a file', { file: undefined }, 'there is no file for it'],
    ['with another file', { file: file({ checksum: '2' }) }, 'its file is not the one that was applied'],
    ['with a file that nobody knows', { checksum: null }, 'its file is not the one that was applied'],
    ['outside a transaction', { file: file({ transaction: false }) }, 'it runs outside a transaction'],
    ['without a down', { file: file({ hasDown: false }) }, 'it has no `down`'],
    ['applied by nobody whom we know', { up: [] }, 'no rollout that is taken back has applied it'],
    ['after a loss', { up: [SAFE, { ...SAFE, findings: [LOSSY] }] }, lost],
    ['after a risk', { up: [{ ...SAFE, findings: [RISKY] }] }, lost],
    ['after a loss that is waived', { up: [{ ...SAFE, waived: [{ ...LOSSY, reason: 'ours' }] }] }, lost],
  ])('%s', (_, change, expected) => {
    expect(whyNotDown({ ...FIT, ...change })).toBe(expected)
  })
})

describe('whether a down loses nothing', () => {
  const loses = 'its `down` may lose something: The values of `a.b` are gone.'
  test.each<[string, Partial<MigrationAssessment>, string | undefined]>([
    ['nothing', {}, undefined],
    ['a lock is no loss', { findings: [{ ...FINDING, class: 'blocking' }], verdict: 'blocking' }, undefined],
    [
      'what is dynamic, nobody knows',
      { kind: 'dynamic', reasons: [{ message: 'It reads a row.', sql: null, line: null }] },
      'its `down` cannot be recorded: It reads a row.',
    ],
    ['values', { findings: [LOSSY] }, loses],
    ['what asks for a restore point', { findings: [RISKY] }, loses],
    ['values, with consent', { waived: [{ ...LOSSY, reason: 'ours' }] }, loses],
    ['what cannot run', { findings: [{ ...FINDING, refused: true, message: 'No.' }] }, 'its `down` cannot run: No.'],
    ['what nobody has seen', { notTraced: 'No server.' }, 'its `down` was not traced: No server.'],
    ['a verdict alone', { restorePoint: true }, 'its `down` may lose something'],
  ])('%s', (_, change, expected) => {
    expect(whyNotLossless({ ...SAFE, ...change })).toBe(expected)
  })
})
