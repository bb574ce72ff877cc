import { Command } from 'commander'
import { loadConfig } from '../../../config/load-config.ts'
import { withFace } from '../../with-fleet.ts'

export function catalogUpgradeCommand(): Command {
  return new Command('upgrade')
    .description('Bring the catalog to what this program needs; refused while a rollout is driven')
    .action((_options, command: Command) =>
      withFace(command, async (face) => {
        const { config: file } = face.options
        const config = await loadConfig(file === undefined ? {} : { file })
        // The fleet itself cannot be opened before.
        const { upgradeCatalog } = await import('../../../fleet/open-fleet.ts')
        face.answer(await upgradeCatalog(config), ({ schemaVersion }) => ` The catalog is at ${schemaVersion}.`)
      }),
    )
}
