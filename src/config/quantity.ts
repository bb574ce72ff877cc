import type { Quantity } from './config.ts'

/** Reads `10`, `'10'` or `'10%'`; undefined when it is neither a whole count nor a share up to 100 %. */
export function parseQuantity(value: number | string): Quantity | undefined {
  if (typeof value === 'number')
    return Number.isSafeInteger(value) && value >= 0 ? { value, unit: 'tenants' } : undefined
  const [, digits = '', percent] = /^(\d+(?:\.\d+)?)\s*(%?)$/.exec(value.trim()) ?? []
  if (digits === '') return undefined
  const number = Number(digits)
  if (percent === '%') return number <= 100 ? { value: number, unit: 'percent' } : undefined
  return Number.isSafeInteger(number) ? { value: number, unit: 'tenants' } : undefined
}
