import { type SqlBool, sql } from 'kysely'

/** Of restore point `p`: it is a position alone. */
export const IS_POSITION = sql<SqlBool>`(p.position is not null and p.database_id is null)`

/**
 * Of restore point `p` and its rollout `r`, if any. One that a rollout took stays while the rollout, or one that takes it
 * back, may still need it. A position is good only as far as the history reaches, and until a restore of the tenant begins
 * another history. What a restore of the tenant is on its way to stays until that has come to its end.
 */
export const EXPIRES_AT = sql<Date | null>`case when not exists (select from fleet.restore_point k
  where k.tenant_id = p.tenant_id and k.replaced_by = p.id and k.state = 'creating')
  then least(case when ${IS_POSITION} then least(p.ready_at + p.reach,
    (select min(coalesce(k.ready_at, k.created_at)) from fleet.restore_point k where k.tenant_id = p.tenant_id and k.id > p.id
    and k.replaced_by is not null and k.state <> 'creating')) end, case when p.rollout_id is null then p.ready_at
  when not exists (select from fleet.rollout u where u.undoes = r.id and u.state in ('running', 'paused', 'aborting'))
  then r.finished_at end + p.keep) end`
