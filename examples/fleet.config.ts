import { defineFleet, embedded, postgres } from 'kysely-fleet'

const url = process.env.FLEET_SERVER_URL

export default defineFleet({
  name: 'examples',
  provider: url === undefined ? embedded() : postgres({ url }),
  rollout: {
    waves: [
      { name: 'canary', match: { ring: 'internal' }, optional: true },
      { name: 'everyone', maxFailures: '2%' },
    ],
  },
})
