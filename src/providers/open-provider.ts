import { join } from 'node:path'
import type { Clock } from '../lib/clock.ts'
import type { ClosureLog } from '../model/closure.ts'
import { createEmbeddedProvider } from './embedded/embedded-provider.ts'
import type { DumpSettings } from './postgres/dump-programs.ts'
import { createPostgresProvider, type PostgresServer } from './postgres/postgres-provider.ts'
import type { Provider } from './provider.ts'

/** Which provider, as data from the configuration. */
export type ProviderChoice =
  | { readonly kind: 'embedded' }
  | {
      readonly kind: 'postgres'
      readonly servers: readonly PostgresServer[]
    }

export interface OpenProviderOptions {
  /** The project's folder. */
  readonly root: string
  readonly clock: Clock
  /** Left out: a provider that has poolers in front of it copies and restores no tenant. */
  readonly closures?: ClosureLog
  /** Which tenants are dumped rather than copied by their server; left out: none. */
  readonly dump?: DumpSettings | undefined
}

/** Makes the provider that was chosen: a new one is a folder and a line here. */
export function openProvider(
  choice: ProviderChoice,
  { root, clock, closures, dump }: OpenProviderOptions,
): Promise<Provider> {
  switch (choice.kind) {
    case 'embedded':
      return createEmbeddedProvider({ directory: join(root, '.fleet'), clock }, dump)
    case 'postgres':
      return Promise.resolve(
        createPostgresProvider({ servers: choice.servers, clock, dump, ...(closures ? { closures } : {}) }),
      )
  }
}
