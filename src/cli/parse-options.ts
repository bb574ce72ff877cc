import { InvalidArgumentError } from 'commander'
import { parseQuantity } from '../config/quantity.ts'
import { FleetError } from '../model/errors.ts'
import type { Tags } from '../model/tenant.ts'

/** Gathers a repeated option into a list. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value]
}

/** Gathers repeated `--tag k=v` into tags. */
export function collectTag(value: string, previous: Tags = {}): Tags {
  const tag = readTag(value)
  if (tag === undefined) throw new InvalidArgumentError(TAG_FORM)
  return { ...previous, [tag.key]: tag.value }
}

/**
 * Sorts the arguments of `tenant tag`: `k=v` sets, `k-` removes, everything else is a tenant's id.
 * @throws FleetError USAGE
 */
export function parseTagChanges(args: readonly string[]): { ids: string[]; tags: Record<string, string | null> } {
  const ids: string[] = []
  const tags: Record<string, string | null> = {}
  for (const arg of args) {
    if (arg.includes('=')) {
      const tag = readTag(arg)
      if (tag === undefined) throw new FleetError('USAGE', `"${arg}" is not a tag.`, { remedy: TAG_FORM })
      tags[tag.key] = tag.value
    } else if (arg.endsWith('-')) tags[arg.slice(0, -1)] = null
    else ids.push(arg)
  }
  return { ids, tags }
}

const TAG_FORM = 'Write it as key=value, such as ring=internal; a key has letters, digits, _, . and - only, 63 at most.'

/** Reads `k=v`; the value may hold further `=` and may be empty. Undefined: it is not one. */
export function readTag(text: string): { key: string; value: string } | undefined {
  const [, key, value] = /^([\w.-]{1,63})=(.*)$/s.exec(text) ?? []
  return key === undefined || value === undefined ? undefined : { key, value }
}

/** Reads a whole number of at least 1. */
export function parseCount(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new InvalidArgumentError('It is a whole number of at least 1.')
  return Number(value)
}

/** Reads a whole number, or `all`. */
export function parseCountOrAll(value: string): number | 'all' {
  if (value === 'all') return value
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('It is a whole number, or "all".')
  return Number(value)
}

/** Checks `3` or `5%`; returns it as it is written. */
export function parseQuantityText(value: string): string {
  if (parseQuantity(value) === undefined) throw new InvalidArgumentError('It is a count or a percentage: 3 or 5%.')
  return value
}
