import { createHash } from 'node:crypto'

const MOST_BYTES = 200

/**
 * Returns the name of a table's file, `<schema>.<table>.csv`, that no file system takes amiss: what is neither letter, digit,
 * `_` nor `-` is written as `%` and hexadecimal. It is added to those that are taken.
 * @param taken names as file systems compare them that do not tell upper from lower case
 */
export function salvageFileName(
  { schema, name }: { readonly schema: string; readonly name: string },
  taken: Set<string>,
): string {
  const whole = `${escapeName(schema)}.${escapeName(name)}`
  const short = Buffer.byteLength(whole) > MOST_BYTES ? `${whole.slice(0, 40)}~${digest(schema, name)}` : whole
  const file = taken.has(key(short)) ? `${short}~${digest(schema, name)}` : short
  taken.add(key(file))
  return `${file}.csv`
}

function escapeName(identifier: string): string {
  const escapeOne = (character: string) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')
  return identifier.replaceAll(/[^\p{L}\p{N}_-]/gu, escapeOne)
}

function digest(schema: string, name: string): string {
  return createHash('sha256')
    .update(JSON.stringify([schema, name]))
    .digest('hex')
    .slice(0, 12)
}

function key(name: string): string {
  return name.normalize('NFC').toLowerCase()
}
