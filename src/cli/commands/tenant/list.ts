import { Command, Option } from 'commander'
import type { TenantFilter } from '../../../fleet/fleet.ts'
import type { Tags, Tenant } from '../../../model/tenant.ts'
import { TENANT, type TenantState } from '../../../model/tenant-state.ts'
import { collectTag } from '../../parse-options.ts'
import { TENANT_COLUMNS } from '../../renderers/render-tenant.ts'
import { tablePages } from '../../renderers/table-pages.ts'
import { tellWhatExists } from '../../tell-what-exists.ts'
import { withFleet } from '../../with-fleet.ts'

interface ListFlags {
  readonly state?: TenantState
  readonly tag?: Tags
  readonly atVersion?: string
  readonly pinned?: boolean
}

export function tenantListCommand(): Command {
  return new Command('list')
    .description('List tenants with version, state and tags')
    .addOption(new Option('--state <state>', 'only those in this state').choices(Object.keys(TENANT)))
    .option('--tag <key=value>', 'only those with this tag; may be repeated', collectTag)
    .option('--at-version <migration>', 'only those at this version; none: without any migration')
    .option('--pinned', 'only those that are pinned')
    .action((flags: ListFlags, command: Command) =>
      withFleet(command, async (fleet, face) => {
        let some = false
        const listed = noticing(fleet.tenants.list(filterOf(flags)), () => {
          some = true
        })
        await face.stream(listed, (tenants, page) =>
          tablePages(TENANT_COLUMNS, tenants, { page, empty: ' There is no such tenant.' }),
        )
        if (!some) for (const sentence of await tellWhatExists(fleet, flags)) face.note(` ${sentence}`)
      }),
    )
}

async function* noticing(tenants: AsyncIterable<Tenant>, onTenant: () => void): AsyncIterable<Tenant> {
  for await (const tenant of tenants) {
    onTenant()
    yield tenant
  }
}

function filterOf({ state, tag, atVersion, pinned }: ListFlags): TenantFilter {
  return {
    ...(state === undefined ? {} : { states: [state] }),
    ...(tag === undefined ? {} : { tags: tag }),
    ...(atVersion === undefined ? {} : { version: atVersion === 'none' ? null : atVersion }),
    ...(pinned === undefined ? {} : { pinned }),
  }
}
