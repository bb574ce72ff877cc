import { join } from 'node:path'
import type { Clock } from '../lib/clock.ts'
import type { ConnectionDescriptor } from '../model/connection.ts'
import { createEmbeddedProvider } from './embedded/embedded-provider.ts'
import { createPostgresProvider } from './postgres/postgres-provider.ts'
import type { Provider } from './provider.ts'

/** Which provider, as data from the configuration. */
export type ProviderChoice =
  | { readonly kind: 'embedded' }
  | {
      readonly kind: 'postgres'
      readonly servers: readonly { readonly name: string; readonly admin: ConnectionDescriptor }[]
    }

/** Makes the provider that was chosen: a new one is a folder and a line here. `root` is the project's folder. */
export function openProvider(
  choice: ProviderChoice,
  { root, clock }: { root: string; clock: Clock },
): Promise<Provider> {
  switch (choice.kind) {
    case 'embedded':
      return createEmbeddedProvider({ directory: join(root, '.fleet'), clock })
    case 'postgres':
      return Promise.resolve(createPostgresProvider({ servers: choice.servers, clock }))
  }
}
