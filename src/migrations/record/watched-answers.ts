/** Called with what of an answer was read, in a few words: `a row of this query`. */
export type NoteRead = (what: string) => void

/**
 * Returns the rows of an answer, over which nothing can be learnt unnoticed. Taking the first row is no reading yet: Kysely
 * does it itself; looking into that row is.
 */
export function watchedRows(count: 0 | 1, note: NoteRead): unknown[] {
  const rows: unknown[] = count === 0 ? [] : [watchedRow(note)]
  return new Proxy(rows, {
    get: (target, key, receiver) => {
      if (key === Symbol.iterator) return () => firstOf(target, note)
      if (!isHarmless(key)) note(key === 'length' ? 'how many rows this query returns' : 'the rows of this query')
      return Reflect.get(target, key, receiver)
    },
    has: (target, key) => {
      note('the rows of this query')
      return Reflect.has(target, key)
    },
    ownKeys: (target) => {
      note('the rows of this query')
      return Reflect.ownKeys(target)
    },
    getOwnPropertyDescriptor: (target, key) => {
      note('the rows of this query')
      return Reflect.getOwnPropertyDescriptor(target, key)
    },
  })
}

/** Returns a count of affected rows that nothing can be computed or compared with unnoticed. */
export function watchedCount(note: NoteRead): bigint {
  // Not a bigint, but nothing can tell without reading it; `typeof` and comparing with one number are the exceptions.
  return watched({}, 'how many rows this query affects', 1n, note) as unknown as bigint
}

/** Returns an error of a statement whose details cannot be read unnoticed; passing it on is no reading. */
export function watchedError(note: NoteRead, error: Error): Error {
  return watched(error, 'why this query failed', undefined, note)
}

function watchedRow(note: NoteRead): object {
  return watched({}, 'a row of this query', 1, note)
}

/** Everything that asks for a value of it is a finding, and gets `value`, or the own one where there is none. */
function watched<T extends object>(target: T, what: string, value: unknown, note: NoteRead): T {
  const seen = <R>(answer: R): R => {
    note(what)
    return answer
  }
  return new Proxy(target, {
    get: (own, key) => {
      if (key === Symbol.toPrimitive) return seen(() => value ?? String(own))
      if (isHarmless(key)) return undefined
      return seen(value ?? Reflect.get(own, key))
    },
    has: (own, key) => (isHarmless(key) ? Reflect.has(own, key) : seen(Reflect.has(own, key))),
    ownKeys: (own) => seen(Reflect.ownKeys(own)),
    getOwnPropertyDescriptor: (own, key) => seen(Reflect.getOwnPropertyDescriptor(own, key)),
  })
}

/** What the language and Kysely ask of any value: whether it is a promise, how it is written as JSON, what kind it is. */
function isHarmless(key: string | symbol): boolean {
  return key === 'then' || key === 'toJSON' || typeof key === 'symbol'
}

/** One step is what a destructuring takes; whoever takes a second one wants to know whether there are more rows. */
function firstOf(rows: readonly unknown[], note: NoteRead): IterableIterator<unknown> {
  let steps = 0
  const iterator: IterableIterator<unknown> = {
    [Symbol.iterator]: () => iterator,
    next: () => {
      steps += 1
      if (steps > 1) note('the rows of this query')
      return steps > rows.length ? { done: true, value: undefined } : { done: false, value: rows[steps - 1] }
    },
    return: () => ({ done: true, value: undefined }),
  }
  return iterator
}
