import { closest } from 'fastest-levenshtein'
import { countMatches } from '../catalog/assign-waves.ts'
import type { CatalogDb } from '../catalog/catalog-schema.ts'
import { listTags } from '../catalog/tenant-counts.ts'
import { FleetError } from '../model/errors.ts'
import type { RolloutScope } from '../model/rollout.ts'
import type { WavePolicy } from './waves.ts'

/** @throws FleetError WAVE_UNKNOWN naming those that there are */
export function checkWaveNames(scope: RolloutScope, waves: readonly WavePolicy[]): void {
  const names = waves.map((wave) => wave.name)
  const unknown = scope.waves.find((name) => !names.includes(name))
  if (unknown !== undefined) {
    throw new FleetError(
      'WAVE_UNKNOWN',
      `There is no wave "${unknown}". Close: ${closest(unknown, names)}. There are: ${names.join(', ')}.`,
    )
  }
}

/**
 * A misspelt `match` would let the canaries go out with everyone: better no rollout.
 * @throws FleetError WAVE_EMPTY
 */
export async function checkMatches(db: CatalogDb, waves: readonly WavePolicy[]): Promise<void> {
  const rules = waves.map((wave) => ({
    name: wave.name,
    match: wave.match,
    size: wave.size === undefined ? undefined : 0,
  }))
  const matches = await countMatches(db, rules)
  const [fleet] = await countMatches(db, [{ name: '', match: undefined, size: undefined }])
  if (fleet === 0) return
  const empty = waves.find((wave, index) => wave.match !== undefined && !wave.optional && matches[index] === 0)
  if (empty === undefined) return
  const tags = (await listTags(db, 10)).map(({ key, value, tenants }) => `${key}=${value} (${tenants})`)
  const wanted = Object.entries(empty.match ?? {}).map(([key, value]) => `${key}=${value}`)
  throw new FleetError(
    'WAVE_EMPTY',
    `Wave "${empty.name}" matches no tenant that an earlier wave leaves: ${wanted.join(', ')}. Tags in use: ${tags.join(', ') || 'none'}.`,
  )
}

/** @throws FleetError TAG_UNKNOWN naming those in use */
export async function checkTags(db: CatalogDb, scope: RolloutScope): Promise<void> {
  const wanted = Object.entries(scope.tags)
  if (wanted.length === 0) return
  const tags = await listTags(db, 200)
  const unknown = wanted.find(([key, value]) => !tags.some((it) => it.key === key && it.value === value))
  if (unknown === undefined || tags.length === 200) return
  const valid = tags.slice(0, 10).map((it) => `${it.key}=${it.value} (${it.tenants})`)
  throw new FleetError(
    'TAG_UNKNOWN',
    `No tenant has the tag ${unknown.join('=')}. Tags in use: ${valid.join(', ') || 'none'}.`,
  )
}
