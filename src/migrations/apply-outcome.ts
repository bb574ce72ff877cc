/** Where a migration stopped. `history`: the tenant's own history was not what was expected. */
export type ApplyPhase = 'connect' | 'lock' | 'history' | 'statement' | 'commit' | 'concurrent-step'

export type ApplyOutcome =
  | {
      readonly kind: 'applied'
      /** The tenant's whole history afterwards, in order. */
      readonly history: readonly string[]
      /** What this call applied; the rest was already there. */
      readonly applied: readonly string[]
    }
  | {
      /**
       * busy and error may pass by themselves, as may that the tenant's server, or the service that all tenants depend on, is away;
       * failure is the migration's or the data's; see classifySqlstate.
       */
      readonly kind: 'busy' | 'error' | 'server-away' | 'service-away' | 'failure' | 'server' | 'rights'
      readonly phase: ApplyPhase
      readonly migration: string | null
      readonly sqlstate: string | null
      /** Without DETAIL, which may hold a row. */
      readonly message: string
      /** DETAIL and the failing statement: for `--debug` only, never stored. */
      readonly detail: string | null
      /** What the tenant's history was found to be, when it was read. */
      readonly history: readonly string[] | null
    }
