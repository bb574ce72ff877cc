const UNITS: Readonly<Record<string, number>> = { '': 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 }

/** Reads bytes or a text such as `'500GB'`, in powers of 1,000; undefined when it is no size above zero. */
export function parseByteSize(value: number | string): number | undefined {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmgt]b)?$/i.exec(String(value).trim()) ?? []
  const bytes = Math.round(Number(digits) * (UNITS[unit.toLowerCase()] ?? 0))
  return digits !== '' && bytes >= 1 && Number.isSafeInteger(bytes) ? bytes : undefined
}
