import type { Tags } from '../../model/tenant.ts'

/** `1 tenant`, `2 tenants`, `300,000 tenants`. */
export function countOf(count: number, noun: string): string {
  return `${formatNumber(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** The verb after a count. */
export function isOrAre(count: number): 'is' | 'are' {
  return count === 1 ? 'is' : 'are'
}

/** A number with thousands apart. */
export function formatNumber(value: number): string {
  return value.toLocaleString('en-US')
}

/** A version as people read it; null is a database without any migration. */
export function formatVersion(version: string | null): string {
  return version ?? 'no migration'
}

/** `0.3 s`, `41 s`, `6 min`, `2 h 4 min`, `3 d`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, ms) / 1_000
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  if (seconds < 59.5) return `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  if (minutes >= 48 * 60) return `${Math.round(minutes / 60 / 24)} d`
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** `ring=internal plan=pro`. */
export function formatTags(tags: Tags): string {
  return Object.entries(tags)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ')
}

/** A moment in the local time zone: `2026-01-31 14:05`. */
export function formatTime(time: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}`
}
