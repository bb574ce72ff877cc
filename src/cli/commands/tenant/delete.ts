import { Command } from 'commander'
import { EXIT } from '../../../model/error-meaning.ts'
import type { SalvageRecord } from '../../../model/restore-point.ts'
import { confirm } from '../../confirm.ts'
import { countOf } from '../../renderers/format-values.ts'
import { renderSalvagesLeft } from '../../renderers/render-restore-points.ts'
import { withFleet } from '../../with-fleet.ts'

export function tenantDeleteCommand(): Command {
  return new Command('delete')
    .description('Delete tenants with their databases and login roles; an adopted one keeps its database')
    .argument('<id...>')
    .action((ids: string[], _options, command: Command) =>
      withFleet(command, async (fleet, face) => {
        // Who mistyped an id hears it before being asked.
        for (const id of ids) await fleet.tenants.show(id)
        const question = `Delete ${countOf(ids.length, 'tenant')} for ever, with all data: ${ids.slice(0, 5).join(', ')}${ids.length > 5 ? ', …' : ''}?`
        if (!(await confirm(face, question))) {
          face.note('Nothing was deleted.')
          return EXIT.no
        }
        const salvages: SalvageRecord[] = []
        for (const id of ids) salvages.push(...(await fleet.restorePoints.salvages(id)))
        await fleet.tenants.delete(ids)
        face.answer({ deleted: ids, salvages }, () =>
          [` ${countOf(ids.length, 'tenant')} deleted.`, renderSalvagesLeft(salvages)].filter(Boolean).join('\n'),
        )
        return EXIT.done
      }),
    )
}
