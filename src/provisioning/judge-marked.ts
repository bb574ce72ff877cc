import type { Mark, MarkKind } from '../model/mark.ts'

/** A name on a server that carries a mark. */
export interface MarkedThing {
  readonly name: string
  readonly mark: Pick<Mark, 'kind' | 'key'>
  /** Of the database; null: only a login role has the name. */
  readonly databaseId: string | null
  /** The tenant of this name is recorded to be another one. */
  readonly isSpare?: boolean
  /** Nobody can ever have been in it. */
  readonly isUnused?: boolean
  /** What a person can do with it if it was a tenant; left out: adopt it by its name. */
  readonly remedy?: string
}

/** What is to become of something with our mark that no record owns. */
export interface SweepJudgement {
  /** `remove`: nobody can miss it. `leave`: it was a tenant, or may have been one. */
  readonly kind: 'remove' | 'leave'
  readonly why: string
  readonly remedy: string | null
}

/**
 * Decides what a sweep may do with something that carries this fleet's mark and that no record owns; undefined: nothing,
 * because it may be in use. A database that is or was a tenant's is never removed: on the server nothing tells one that was
 * never finished from one whose record was lost.
 * @param now in milliseconds
 * @param forgottenAt of a scratch database, when its maker has certainly ended, in milliseconds
 */
export function judgeMarked(
  { name, databaseId, mark: { kind, key }, isSpare, isUnused, remedy }: MarkedThing,
  { now, forgottenAt }: { readonly now: number; readonly forgottenAt: (key: string) => number },
): SweepJudgement | undefined {
  if (kind === 'scratch') {
    return now > forgottenAt(key) ? remove('It was made to try migrations on, and forgotten.') : undefined
  }
  if (databaseId === null) return kind === 'tenant' ? remove('A login role whose database is gone.') : undefined
  if (isSpare) return remove('Another one of this name is the tenant, and nobody was ever in this one.')
  if (kind === 'tenant' && isUnused) return remove('Its making never came to its end: nobody was ever in it.')
  return OF_DATABASE.get(kind)?.(remedy ?? adopt(name))
}

// A map: what a mark says may be any word, such as one that every object knows.
const OF_DATABASE = new Map<MarkKind, (remedy: string) => SweepJudgement>([
  ['template', () => remove('No template is recorded that it could be.')],
  ['restore-point', () => remove('No restore point is recorded that it could be, or it was given up.')],
  ['rehearsal', () => remove('It was made for a rehearsal that is over.')],
  ['tenant', (remedy) => leave('It may have been a tenant, and no tenant is recorded that lives in it.', remedy)],
  [
    'kept-state',
    (remedy) =>
      leave(
        'It was a tenant until a restore kept it, and no restore point is recorded that it could be.',
        `Open it (ALTER DATABASE ... ALLOW_CONNECTIONS true), then ${remedy}`,
      ),
  ],
])

function remove(why: string): SweepJudgement {
  return { kind: 'remove', why, remedy: null }
}

function leave(why: string, remedy: string): SweepJudgement {
  return { kind: 'leave', why, remedy }
}

function adopt(name: string): string {
  return `fleet tenant adopt --like '${name.replaceAll(/[\\%_]/g, '\\$&')}'`
}
