import { EventEmitter } from 'node:events'
import type { CatalogDb } from '../catalog/catalog-schema.ts'
import { closureLog } from '../catalog/closures.ts'
import { readMeta } from '../catalog/meta.ts'
import { type Catalog, openCatalog } from '../catalog/open-catalog.ts'
import { readTenantSecret } from '../catalog/tenants.ts'
import type { FleetConfig } from '../config/config.ts'
import { readSecretKey } from '../config/secret-key.ts'
import { type Clock, systemClock } from '../lib/clock.ts'
import { programVersion } from '../lib/program-version.ts'
import { type SecretBox, secretBox, WrongKeyError } from '../lib/secret-box.ts'
import type { Diagnosis } from '../model/diagnosis.ts'
import { FleetError } from '../model/errors.ts'
import type { FleetEvent } from '../model/events.ts'
import { Secret } from '../model/secret.ts'
import { formatConnectionString } from '../postgres/connection-string.ts'
import { openProvider } from '../providers/open-provider.ts'
import type { CopySettings } from '../providers/postgres/copy-settings.ts'
import type { Provider } from '../providers/provider.ts'
import { requireOneKind } from '../provisioning/require-one-kind.ts'
import { liftClosures } from '../restore/lift-closures.ts'
import { trackBackends } from './backends.ts'
import type { Fleet } from './fleet.ts'
import { checkFleet, doctor, readFleetStatus } from './fleet-facts.ts'
import { migrationMethods } from './migration-methods.ts'
import { migrationFiles, type Parts } from './parts.ts'
import { createRecordings } from './recordings.ts'
import { restoreMethods } from './restore-methods.ts'
import { rolloutMethods } from './rollout-methods.ts'
import { sweepMethod } from './sweep-method.ts'
import { templateMethods } from './template-methods.ts'
import { tenantMethods } from './tenant-methods.ts'

/**
 * Opens a fleet: starts or joins the provider, opens the catalog, and makes it when there is none.
 * @throws FleetError SERVER_UNREACHABLE, AUTHENTICATION_FAILED, RIGHT_MISSING, CATALOG_NEWER, CATALOG_OLDER, CATALOG_FOREIGN;
 *   CONFIG_INVALID where tenants are there of another kind than the configuration says
 */
export async function openFleet(config: FleetConfig, { clock = systemClock }: { clock?: Clock } = {}): Promise<Fleet> {
  const parts = await openParts(config, { clock, upgrade: false })
  const { catalog, provider, backends, events } = parts
  return {
    name: config.name,
    tenants: tenantMethods(parts),
    rollouts: rolloutMethods(parts),
    migrations: migrationMethods(parts),
    templates: templateMethods(parts),
    ...restoreMethods(parts),
    sweep: sweepMethod(parts),
    status: () => readFleetStatus(parts),
    check: (options) => checkFleet(options, parts),
    doctor: () => doctor(parts),
    catalog: {
      show: async () => {
        const { least_program } = await readMeta(catalog.db)
        const { id, address, schemaVersion } = catalog
        return {
          id,
          fleet: config.name,
          address: formatConnectionString(address, { reveal: false }),
          schemaVersion,
          leastProgram: least_program,
        }
      },
    },
    on: (listener) => {
      events.on('event', listener)
      return () => events.off('event', listener)
    },
    terminate: () => backends.endAll(),
    close: async () => {
      await parts.recordings.close()
      await catalog.close()
      await provider.close()
    },
  }
}

/**
 * Brings the catalog of a fleet up to what this program needs.
 * @throws FleetError ROLLOUT_DRIVEN while a driver is alive, and what opening throws
 */
export async function upgradeCatalog(config: FleetConfig): Promise<{ schemaVersion: string }> {
  const { catalog, provider } = await openParts(config, { clock: systemClock, upgrade: true })
  await catalog.close()
  await provider.close()
  return { schemaVersion: catalog.schemaVersion }
}

/**
 * Looks at everything that a fleet needs, also where it cannot be opened: then at the provider alone.
 * @throws FleetError what starting the provider throws
 */
export async function diagnoseFleet(config: FleetConfig): Promise<readonly Diagnosis[]> {
  const provider = await openProvider(config.provider, {
    root: config.root,
    clock: systemClock,
    copies: copySettings(config),
  })
  try {
    const fleet = await openFleet(config)
    return await fleet.doctor().finally(() => fleet.close())
  } catch (error) {
    if (!(error instanceof FleetError)) throw error
    const { message, remedy } = error
    const subject = error.code === 'CONFIG_INVALID' ? 'configuration' : 'catalog'
    return [{ subject, verdict: 'error', message, remedy }, ...(await provider.diagnose())]
  } finally {
    await provider.close()
  }
}

function copySettings({ restorePoints: { copiesAtOnce, dump } }: FleetConfig): CopySettings {
  return { atOnce: copiesAtOnce, dump }
}

async function openParts(config: FleetConfig, { clock, upgrade }: { clock: Clock; upgrade: boolean }): Promise<Parts> {
  const opened: { catalog?: Catalog; provider?: Provider } = {}
  const lazily = lazyBox(config.root, () => opened.provider?.isPrivate === true)
  const box: SecretBox = {
    seal: (clear) => lazily().seal(clear),
    open: (sealed) => {
      try {
        return lazily().open(sealed)
      } catch (error) {
        throw error instanceof WrongKeyError ? wrongKey(error) : error
      }
    },
  }
  const closures = closureLog(() => dbOf(opened.catalog), clock)
  const provider = await openProvider(config.provider, {
    root: config.root,
    clock,
    closures,
    box,
    copies: copySettings(config),
  })
  opened.provider = provider
  try {
    const catalog = await openCatalog(config.catalog ?? (await provider.ensureCatalogDatabase(config.name)), {
      fleet: config.name,
      programVersion: programVersion(),
      upgrade: upgrade || provider.isPrivate,
    })
    opened.catalog = catalog
    await requireOneKind(catalog.db, provider)
    await liftClosures({ db: catalog.db, provider })
    const readPassword = async (tenantId: string): Promise<Secret | undefined> => {
      const sealed = await readTenantSecret(catalog.db, tenantId)
      return sealed === null ? undefined : new Secret(box.open(sealed))
    }
    return {
      config,
      provider,
      catalog,
      clock,
      events: new EventEmitter<{ event: [FleetEvent] }>(),
      backends: trackBackends(),
      seal: box.seal,
      unseal: box.open,
      // A tenant that was adopted by its own URL is reached by that; the others as the admin of their server.
      connect: async (tenantId, placement) =>
        placement.address === undefined
          ? provider.connect(placement)
          : { ...placement.address, password: await readPassword(tenantId) },
      readPassword,
      files: migrationFiles(config),
      recordings: createRecordings(config),
    }
  } catch (error) {
    await opened.catalog?.close()
    await provider.close()
    throw error
  }
}

/** The provider finds the catalog's database, so it is there first; it closes nothing before that is open. */
function dbOf(catalog: Catalog | undefined): CatalogDb {
  if (catalog === undefined) throw new Error('The catalog is not open yet.')
  return catalog.db
}

/** Only what keeps passwords needs the key: a fleet can be looked at, and migrated, without it. */
function lazyBox(root: string, isPrivate: () => boolean): () => SecretBox {
  let box: SecretBox | undefined
  return () => {
    box ??= secretBox(readSecretKey({ root, generate: isPrivate(), env: process.env }))
    return box
  }
}

function wrongKey(cause: WrongKeyError): FleetError {
  return new FleetError('SECRET_KEY_WRONG', 'A stored password was encrypted with another key.', { cause })
}
