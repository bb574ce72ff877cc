/** Gathers a stream into lists of at most so many items; the last one may be shorter. */
export async function* inPages<T>(items: AsyncIterable<T>, most: number): AsyncGenerator<readonly T[]> {
  let page: T[] = []
  for await (const item of items) {
    page.push(item)
    if (page.length < most) continue
    yield page
    page = []
  }
  if (page.length > 0) yield page
}
