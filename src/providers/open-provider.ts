import { join } from 'node:path'
import type { Clock } from '../lib/clock.ts'
import type { SecretBox } from '../lib/secret-box.ts'
import type { ClosureLog } from '../model/closure.ts'
import type { NeonSettings } from '../model/neon-settings.ts'
import { createEmbeddedProvider } from './embedded/embedded-provider.ts'
import type { CopySettings } from './postgres/copy-settings.ts'
import { createPostgresProvider, type PostgresServer } from './postgres/postgres-provider.ts'
import type { Provider } from './provider.ts'

/** Which provider, as data from the configuration. */
export type ProviderChoice =
  | { readonly kind: 'embedded' }
  | {
      readonly kind: 'postgres'
      readonly servers: readonly PostgresServer[]
    }
  | ({ readonly kind: 'neon' } & NeonSettings)

export interface OpenProviderOptions {
  /** The project's folder. */
  readonly root: string
  readonly clock: Clock
  /** Left out: a provider that has poolers in front of it copies and restores no tenant. */
  readonly closures?: ClosureLog
  /** Encrypts what a provider keeps in placements; left out: one that keeps secrets there makes and reaches no tenant. */
  readonly box?: SecretBox | undefined
  /** How databases are copied on a server; left out: as it is by default. */
  readonly copies?: CopySettings | undefined
}

/** Makes the provider that was chosen: a new one is a folder and a line here. */
export async function openProvider(
  choice: ProviderChoice,
  { root, clock, closures, box, copies }: OpenProviderOptions,
): Promise<Provider> {
  switch (choice.kind) {
    case 'embedded':
      return createEmbeddedProvider({ directory: join(root, '.fleet'), clock }, copies)
    case 'postgres':
      return createPostgresProvider({ servers: choice.servers, clock, copies, ...(closures ? { closures } : {}) })
    case 'neon':
      return openNeon(choice, { clock, box, closures })
  }
}

/** Its client is loaded by those alone who use it. */
async function openNeon(
  settings: NeonSettings,
  { clock, box, closures }: Pick<OpenProviderOptions, 'clock' | 'box'> & { readonly closures: ClosureLog | undefined },
): Promise<Provider> {
  const { createNeonProvider } = await import('./neon/neon-provider.ts')
  return createNeonProvider({ settings, clock, closures, box: box ?? CLOSED_BOX })
}

/** For those who only look at the account. */
const CLOSED_BOX: SecretBox = {
  seal: () => {
    throw new Error('Nothing can be encrypted without a key.')
  },
  open: () => {
    throw new Error('Nothing can be decrypted without a key.')
  },
}
