import ms, { type StringValue } from 'ms'

/** PostgreSQL keeps timeouts as 32-bit milliseconds: 24 days. */
const MOST = 2 ** 31 - 1

/** Reads milliseconds or a text such as `'10m'`; undefined when it is no duration above zero, or longer than `most`, 24 days as a rule. */
export function parseDuration(value: number | string, most: number = MOST): number | undefined {
  const result = typeof value === 'number' ? value : value.length <= 100 ? ms(value as StringValue) : undefined
  return result !== undefined && Number.isFinite(result) && result >= 1 && result <= most
    ? Math.round(result)
    : undefined
}
