import { sql } from 'kysely'
import type { CopyTaken } from '../model/restore-point-cost.ts'
import type { RolloutPlan } from '../model/rollout.ts'
import { type Assignment, assignWaves, plannedWaves } from './assign-waves.ts'
import type { CatalogDb } from './catalog-schema.ts'

/** Tenants of one server that a plan takes restore points of. */
export interface RestorePointShare {
  readonly server: string
  readonly tenants: number
  /** Names of the databases of some of them, drawn by lot, or of all. */
  readonly databases: readonly string[]
}

export interface ShareInput {
  readonly plan: Pick<RolloutPlan, 'digest' | 'waves'>
  readonly assignment: Assignment
  /** Histories, as names in order, whose tenants get one. */
  readonly histories: readonly (readonly string[])[]
  /** Most databases per server. */
  readonly most: number
}

/** What a plan's restore points are taken of. */
export interface RestorePointShares {
  readonly servers: readonly RestorePointShare[]
  /** Tenants that would need one, and are reached by a URL of their own: nothing can be made on their servers. */
  readonly elsewhere: { readonly tenants: number; readonly examples: readonly string[] }
}

/** So many tenants are named that cannot have one. */
export const EXAMPLES = 3

/** Counts the tenants that get a restore point by server, with some of their databases: the same ones for the same plan. */
export async function shareRestorePoints(db: CatalogDb, input: ShareInput): Promise<RestorePointShares> {
  const { plan, assignment, histories, most } = input
  // Placements are read of those that were drawn alone: that of each tenant would cost more than all the rest.
  const { rows } = await sql<RestorePointShare & { elsewhere: boolean; ids: readonly string[] }>`
    with due as materialized (
      select a.id, a.server, o.id is not null as elsewhere, row_number() over (
        partition by a.server, o.id is not null order by hashtextextended(${plan.digest} || a.id, 0)) as lot
      from ${assignWaves(assignment, { readyBefore: null })} a
      left join (select id from fleet.tenant where placement ? 'address') o on o.id = a.id
      where a.wave = any(${[...plannedWaves(assignment, plan)]})
        and a.history_id in (
          select h.id from fleet.history h
          where to_jsonb(h.names) in (select jsonb_array_elements(${JSON.stringify(histories)}::jsonb))
        )
    )
    select server, elsewhere, tenants, databases, ids
    from (select server, elsewhere, count(*)::int as tenants from due group by server, elsewhere) counted
      join (
        select due.server, due.elsewhere, array_agg(t.placement ->> 'database' order by due.lot) as databases,
          array_agg(t.id order by due.lot) as ids
        from due join fleet.tenant t on t.id = due.id
        where due.lot <= case when due.elsewhere then ${EXAMPLES}::int else ${most}::int end group by due.server, due.elsewhere
      ) drawn using (server, elsewhere)
    order by server`.execute(db)
  const elsewhere = rows.filter((it) => it.elsewhere)
  return {
    servers: rows
      .filter((it) => !it.elsewhere)
      .map(({ server, tenants, databases }) => ({ server, tenants, databases })),
    elsewhere: {
      tenants: elsewhere.reduce((sum, { tenants }) => sum + tenants, 0),
      examples: elsewhere.flatMap(({ ids }) => ids).slice(0, EXAMPLES),
    },
  }
}

/** A restore point that was made, with its size in bytes. */
export interface MadeCopy extends CopyTaken {
  readonly server: string
  readonly bytes: number
}

/** Returns the newest copies that were made as restore points on each of these servers, so many at most, released ones included. */
export async function listMadeCopies(
  db: CatalogDb,
  { servers, most }: { readonly servers: readonly string[]; readonly most: number },
): Promise<readonly MadeCopy[]> {
  const { rows } = await sql<{ server: string; bytes: number; copying: CopyTaken }>`
    select s.server, p.bytes::float8 as bytes, p.copying
    from unnest(${[...servers]}::text[]) as s (server) cross join lateral (
      select bytes, copying from fleet.restore_point
      where server = s.server and copying is not null and position is null order by id desc limit ${most}
    ) p`.execute(db)
  return rows.map(({ server, bytes, copying }) => ({ server, bytes, ...copying }))
}

/** Returns what all restore points of each server take of its disk, in bytes; those that were copied by reference nothing. */
export async function sumRestorePoints(db: CatalogDb): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<{ server: string; bytes: number }>`
    select server, sum(coalesce((copying ->> 'diskBytes')::float8, bytes, 0))::float8 as bytes
    from fleet.restore_point where state <> 'released' group by server`.execute(db)
  return new Map(rows.map(({ server, bytes }) => [server, bytes]))
}
