import { Command } from 'commander'
import { EXIT } from '../../../model/error-meaning.ts'
import type { SalvageRecord } from '../../../model/restore-point.ts'
import type { DeletedTenant } from '../../../model/tenant.ts'
import { confirm } from '../../confirm.ts'
import { countOf, formatTime } from '../../renderers/format-values.ts'
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
        const deleted = await fleet.tenants.delete(ids)
        const recoverableUntil = lastOf(deleted)
        face.answer({ deleted: ids, recoverableUntil, salvages }, () =>
          [
            ` ${countOf(ids.length, 'tenant')} deleted.`,
            recoverableUntil && ` The provider can recover what was in them until ${formatTime(recoverableUntil)}.`,
            renderSalvagesLeft(salvages),
          ]
            .filter(Boolean)
            .join('\n'),
        )
        return EXIT.done
      }),
    )
}

function lastOf(deleted: readonly DeletedTenant[]): Date | null {
  const times = deleted.flatMap(({ recoverableUntil }) => recoverableUntil?.getTime() ?? [])
  return times.length === 0 ? null : new Date(Math.max(...times))
}
