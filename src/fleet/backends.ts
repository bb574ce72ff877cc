import type { ConnectionDescriptor } from '../model/connection.ts'
import { withClient } from '../postgres/connect.ts'
import type { Backends } from './parts.ts'

/** Remembers backends of this process; `endAll` ends each by its pid, over a connection of the same role. */
export function trackBackends(): Backends {
  const active = new Set<{ readonly to: ConnectionDescriptor; readonly pid: number }>()
  return {
    add: (to, pid) => {
      const backend = { to, pid }
      active.add(backend)
      return () => active.delete(backend)
    },
    endAll: async () => {
      const ends = [...active].map(({ to, pid }) =>
        withClient(to, { applicationName: 'fleet/terminate', timeout: 1_500 }, (client) =>
          client.query('select pg_terminate_backend($1)', [pid]),
        ),
      )
      await Promise.allSettled(ends)
    },
  }
}
