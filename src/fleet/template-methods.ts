import { FleetError } from '../model/errors.ts'
import { ensureTemplate, migrationsForNewTenants, showTemplates } from '../provisioning/template.ts'
import type { Fleet } from './fleet.ts'
import { createContext, type Parts } from './parts.ts'

export function templateMethods(parts: Parts): Fleet['templates'] {
  const show: Fleet['templates']['show'] = async () =>
    (await showTemplates({ db: parts.catalog.db })).map(({ server, database, version, created_at }) => ({
      server,
      database,
      version,
      createdAt: created_at,
    }))
  return {
    build: async () => {
      if (!parts.provider.hasTemplates)
        throw new FleetError(
          'TEMPLATE_MISSING',
          'This provider has no templates: a new tenant gets the migrations themselves.',
        )
      const context = createContext(parts)
      const migrations = await migrationsForNewTenants(context)
      for (const server of parts.provider.servers) await ensureTemplate(server, migrations, context)
      return show()
    },
    show,
  }
}
