/** Returns a text without what PostgreSQL cannot keep: NUL characters and halves of surrogate pairs. */
export function storableText(text: string): string {
  return text.replaceAll('\0', '').toWellFormed()
}

/** Returns a value of JSON as PostgreSQL would give it back: every text in it is one that can be kept. */
export function storableJson<T extends object>(value: T): T {
  return JSON.parse(JSON.stringify(value, (_, it: unknown) => (typeof it === 'string' ? storableText(it) : it)))
}
