import type { SampleReason } from '../model/rehearsal.ts'

/** What a choice among tenants is made by. */
export interface Sampleable {
  readonly tenantId: string
  /** Names of its migrations. */
  readonly history: readonly string[]
  readonly createdAt: Date
  readonly bytes: number
  /** Orders those who are equal otherwise: drawn for tenant and plan, so that the same plan has the same sample. */
  readonly lot: string
}

export interface Chosen<T> {
  readonly tenant: T
  readonly reason: SampleReason
}

/**
 * Chooses which tenants are rehearsed: the largest, the oldest, one of each starting version that is still missing, and the
 * rest by lot. A sample that is too small for all versions has those that most tenants of the plan are at.
 * @param histories starting histories of the plan, those of most tenants first
 */
export function chooseSample<T extends Sampleable>(
  candidates: readonly T[],
  { size, histories }: { readonly size: number; readonly histories: readonly (readonly string[])[] },
): readonly Chosen<T>[] {
  const byLot = candidates.toSorted((a, b) => (a.lot < b.lot ? -1 : a.lot > b.lot ? 1 : 0))
  const chosen: Chosen<T>[] = []
  const take = (tenant: T | undefined, reason: SampleReason) => {
    if (tenant !== undefined && chosen.length < size && !chosen.some((it) => it.tenant === tenant))
      chosen.push({ tenant, reason })
  }
  take(byLot.toSorted((a, b) => b.bytes - a.bytes)[0], 'largest')
  take(byLot.toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime())[0], 'oldest')
  for (const history of histories) {
    const key = keyOf(history)
    if (chosen.some(({ tenant }) => keyOf(tenant.history) === key)) continue
    take(
      byLot.find((it) => keyOf(it.history) === key),
      'version',
    )
  }
  for (const tenant of byLot) take(tenant, 'random')
  return chosen
}

function keyOf(history: readonly string[]): string {
  return JSON.stringify(history)
}
