/**
 * Maps a stream with at most `atOnce` calls under way, and yields results as they come, not in the order of the source.
 * Takes no more from the source than it has room for. The first rejection ends it, after what is under way has settled.
 */
export async function* mapConcurrently<T, R>(
  source: AsyncIterable<T> | Iterable<T>,
  atOnce: number,
  map: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const running = new Set<Promise<void>>()
  const done: R[] = []
  const failed: unknown[] = []
  const start = (item: T): void => {
    const task = map(item)
      .then((result) => void done.push(result))
      .catch((error) => void failed.push(error))
      .finally(() => running.delete(task))
    running.add(task)
  }
  try {
    for await (const item of source) {
      start(item)
      if (running.size >= atOnce) await Promise.race(running)
      if (failed.length > 0) break
      yield* done.splice(0)
    }
    while (running.size > 0) {
      await Promise.race(running)
      yield* done.splice(0)
    }
    yield* done.splice(0)
    if (failed.length > 0) throw failed[0]
  } finally {
    await Promise.all(running)
  }
}
