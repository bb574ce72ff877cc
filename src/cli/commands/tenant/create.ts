import { Command } from 'commander'
import type { Tags, Tenant } from '../../../model/tenant.ts'
import { collectTag } from '../../parse-options.ts'
import { formatVersion } from '../../renderers/format-values.ts'
import { withFleet } from '../../with-fleet.ts'

export function tenantCreateCommand(): Command {
  return new Command('create')
    .description('Create tenants from the template, each with a database and a login role of its own')
    .argument('<id...>', 'a-z, 0-9, _ and -, 40 characters at most')
    .option('--tag <key=value>', 'a tag for all of them; may be repeated', collectTag)
    .action((ids: string[], { tag }: { tag?: Tags }, command: Command) =>
      withFleet(command, (fleet, face) =>
        face.stream(
          fleet.tenants.create(ids.map((id) => ({ id, ...(tag === undefined ? {} : { tags: tag }) }))),
          createdLines,
        ),
      ),
    )
}

async function* createdLines(tenants: AsyncIterable<Tenant>): AsyncIterable<string> {
  let only: string | undefined
  for await (const { id, version } of tenants) {
    only = id
    yield ` ✓ ${id}  at ${formatVersion(version)}`
  }
  if (only !== undefined) yield ` Its connection string: fleet tenant url ${only} --reveal`
}
