import { defineFleet, embedded } from 'kysely-fleet'

/** The demonstration fleet: `fleet demo` runs its whole story on the embedded PostgreSQL server, again and again. */
export default defineFleet({
  name: 'demo',
  provider: embedded(),
  rollout: {
    waves: [
      { name: 'canary', match: { ring: 'internal' } },
      { name: 'early', match: { ring: 'early' } },
      { name: 'everyone', concurrency: 8, maxFailures: '20%' },
    ],
  },
})
