import { join } from 'node:path'
import type { Clock } from '../lib/clock.ts'
import type { ClosureLog } from '../model/closure.ts'
import { createEmbeddedProvider } from './embedded/embedded-provider.ts'
import { createPostgresProvider, type PostgresServer } from './postgres/postgres-provider.ts'
import type { Provider } from './provider.ts'

/** Which provider, as data from the configuration. */
export type ProviderChoice =
  | { readonly kind: 'embedded' }
  | {
      readonly kind: 'postgres'
      readonly servers: readonly PostgresServer[]
    }

/**
 * Makes the provider that was chosen: a new one is a folder and a line here. `root` is the project's folder. Without
 * `closures`, one that has poolers in front of it copies and restores no tenant.
 */
export function openProvider(
  choice: ProviderChoice,
  { root, clock, closures }: { root: string; clock: Clock; closures?: ClosureLog },
): Promise<Provider> {
  switch (choice.kind) {
    case 'embedded':
      return createEmbeddedProvider({ directory: join(root, '.fleet'), clock })
    case 'postgres':
      return Promise.resolve(
        createPostgresProvider({ servers: choice.servers, clock, ...(closures ? { closures } : {}) }),
      )
  }
}
