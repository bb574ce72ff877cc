import { providerConformance } from '../../conformance/provider.ts'
import { serverCopyTests } from './server-copies.ts'
import { serverCrashTests } from './server-crashes.ts'
import { serverRightsTests } from './server-rights.ts'
import { type ServerUnderTestOptions, serverUnderTest } from './server-under-test.ts'

/** The specification of a provider, and what providers promise beyond it whose tenants are databases of PostgreSQL servers. */
export function serverConformance(name: string, start: () => Promise<ServerUnderTestOptions>): void {
  providerConformance(name, {
    start: async () => serverUnderTest(await start()),
    more: (fleet) => {
      serverRightsTests(fleet)
      serverCrashTests(fleet)
      serverCopyTests(fleet)
    },
  })
}
