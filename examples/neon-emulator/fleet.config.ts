import { defineFleet, neon } from 'kysely-fleet'

/** The fleet of `fleet demo`, with each tenant a project at Neon. The emulator's address and key come from `demo.ts`. */
export default defineFleet({
  name: 'demo',
  provider: neon({
    apiKey: process.env.NEON_API_KEY,
    region: 'aws-us-east-1',
    orgId: process.env.NEON_ORG_ID,
    baseUrl: process.env.NEON_BASE_URL,
  }),
  catalog: { url: process.env.FLEET_CATALOG_URL },
  migrations: { folder: '../../src/cli/demo/migrations' },
  rollout: {
    waves: [
      { name: 'canary', match: { ring: 'internal' } },
      { name: 'early', match: { ring: 'early' } },
      { name: 'everyone', concurrency: 8, maxFailures: '20%' },
    ],
  },
})
