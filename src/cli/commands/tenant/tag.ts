import { Command } from 'commander'
import type { Fleet } from '../../../fleet/fleet.ts'
import { FleetError } from '../../../model/errors.ts'
import { parseTagChanges } from '../../parse-options.ts'
import { countOf } from '../../renderers/format-values.ts'
import { withFleet } from '../../with-fleet.ts'

export function tenantTagCommand(): Command {
  return new Command('tag')
    .description('Set tags with key=value, remove them with key-')
    .argument('<id-or-change...>', 'tenants, and key=value or key-')
    .addHelpText(
      'after',
      '\nAn argument that ends in "-" removes a tag: it is never read as an id.\n\nExample:\n  fleet tenant tag acme umbrella ring=early plan-',
    )
    .action(async (args: string[], _options, command: Command) => {
      const { ids, tags } = parseTagChanges(args)
      if (ids.length === 0)
        throw new FleetError('USAGE', 'No tenant is named.', { remedy: 'Write: fleet tenant tag <id>... key=value' })
      if (Object.keys(tags).length === 0)
        throw new FleetError('USAGE', 'No tag is named.', { remedy: 'Write: fleet tenant tag <id>... key=value' })
      await withFleet(command, async (fleet, face) => {
        const missing = await tagsOfNobody(fleet, { ids, tags })
        await fleet.tenants.tag(ids, tags)
        for (const key of missing)
          face.note(` There was no tag "${key}" to remove. ("${key}-" is never read as an id.)`)
        face.answer({ ids, tags }, () => ` ${countOf(ids.length, 'tenant')} changed.`)
      })
    })
}

/** Returns the tags to remove that none of the tenants has. */
async function tagsOfNobody(
  fleet: Fleet,
  { ids, tags }: { ids: readonly string[]; tags: Readonly<Record<string, string | null>> },
): Promise<string[]> {
  const removed = new Set(Object.keys(tags).filter((key) => tags[key] === null))
  for (const id of removed.size > 0 ? ids : []) {
    for (const key of Object.keys((await fleet.tenants.show(id)).tags)) removed.delete(key)
  }
  return [...removed]
}
