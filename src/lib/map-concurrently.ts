/**
 * Maps a stream with at most `atOnce` calls under way, and yields results as they come, not in the order of the source.
 * Takes no more from the source than it has room for. The first rejection ends it, after what is under way has settled.
 */
export async function* mapConcurrently<T, R>(
  source: AsyncIterable<T> | Iterable<T>,
  atOnce: number,
  map: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const running = new Set<Promise<R>>()
  const done: R[] = []
  const start = (item: T): void => {
    const task = map(item).finally(() => running.delete(task))
    // Awaited below; until then a rejection must not count as unhandled.
    task.then((result) => done.push(result)).catch(() => {})
    running.add(task)
  }
  try {
    for await (const item of source) {
      start(item)
      if (running.size >= atOnce) await Promise.race(running)
      yield* done.splice(0)
    }
    while (running.size > 0) {
      await Promise.race(running)
      yield* done.splice(0)
    }
    yield* done.splice(0)
  } finally {
    await Promise.allSettled(running)
  }
}
