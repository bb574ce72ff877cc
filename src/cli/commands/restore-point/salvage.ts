import { Command } from 'commander'
import { exitCodeOfSalvage } from '../../exit-codes.ts'
import { renderSalvage } from '../../renderers/render-restore-points.ts'
import { withFleet } from '../../with-fleet.ts'

export function restorePointSalvageCommand(): Command {
  return new Command('salvage')
    .description('Write the rows that a restore point has, and its tenant has not now, as CSV, one file per table')
    .argument('<id>', 'the restore point, as of a state that a restore has kept')
    .argument('<folder>', 'empty, or there is none yet')
    .addHelpText('after', HELP)
    .action((id: string, folder: string, _options, command: Command) =>
      withFleet(command, async (fleet, face) => {
        const salvage = await fleet.restorePoints.salvage(id, folder)
        face.answer(salvage, renderSalvage)
        return exitCodeOfSalvage(salvage)
      }),
    )
}

const HELP = `
The files hold customers' rows: only you can read them. What was written is in salvage.json, which is there when
all is. To read a file back, from a table's columns in the order of its first line:

  \\copy items (id, price) from 'public.items.csv' (format csv, header, encoding 'UTF8')`
