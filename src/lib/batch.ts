/**
 * Merges calls: while one flush is under way, what is asked for meanwhile waits and goes into the next one.
 * So a single call pays no delay and many at once share one round trip.
 * `flush` gets the items in the order of the calls and returns one result for each.
 */
export function batch<Item, Result>(
  flush: (items: readonly Item[]) => Promise<readonly Result[]>,
  { most }: { most: number },
): (item: Item) => Promise<Result> {
  interface Waiting {
    readonly item: Item
    readonly resolve: (result: Result) => void
    readonly reject: (error: unknown) => void
  }
  const waiting: Waiting[] = []
  let flushing = false

  async function drain(): Promise<void> {
    flushing = true
    // Let every call of this turn of the event loop in before the first flush.
    await new Promise(setImmediate)
    while (waiting.length > 0) {
      const taken = waiting.splice(0, most)
      try {
        const results = await flush(taken.map((it) => it.item))
        taken.forEach((it, index) => {
          it.resolve(results[index] as Result)
        })
      } catch (error) {
        for (const it of taken) it.reject(error)
      }
    }
    flushing = false
  }

  return (item) =>
    new Promise<Result>((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (!flushing) void drain()
    })
}
