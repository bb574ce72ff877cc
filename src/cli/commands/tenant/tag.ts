import { Command } from 'commander'
import { FleetError } from '../../../model/errors.ts'
import { parseTagChanges } from '../../parse-options.ts'
import { countOf } from '../../renderers/format-values.ts'
import { withFleet } from '../../with-fleet.ts'

export function tenantTagCommand(): Command {
  return new Command('tag')
    .description('Set tags with key=value, remove them with key-')
    .argument('<id-or-change...>', 'tenants, and key=value or key-')
    .addHelpText('after', '\nExample:\n  fleet tenant tag acme umbrella ring=early plan-')
    .action(async (args: string[], _options, command: Command) => {
      const { ids, tags } = parseTagChanges(args)
      if (ids.length === 0)
        throw new FleetError('USAGE', 'No tenant is named.', { remedy: 'Write: fleet tenant tag <id>... key=value' })
      if (Object.keys(tags).length === 0)
        throw new FleetError('USAGE', 'No tag is named.', { remedy: 'Write: fleet tenant tag <id>... key=value' })
      await withFleet(command, async (fleet, face) => {
        await fleet.tenants.tag(ids, tags)
        face.answer({ ids, tags }, () => ` ${countOf(ids.length, 'tenant')} changed.`)
      })
    })
}
