import { relative } from 'node:path'
import { Command } from 'commander'
import { loadConfig } from '../../config/load-config.ts'
import { prepareDemo } from '../prepare-demo.ts'
import { programCall } from '../program-call.ts'
import { tellDemo } from '../tell-demo.ts'
import { withFace, withOpenFleet } from '../with-fleet.ts'

export function demoCommand(): Command {
  return new Command('demo')
    .description('Tell the whole story on the embedded server, in under a minute; as often as you like')
    .action((_options, command: Command) =>
      withFace(command, async (face) => {
        const folder = await prepareDemo(process.cwd())
        const config = await loadConfig({ cwd: folder })
        face.print(' Starting PostgreSQL; the first time takes some seconds.')
        const where = { folder: relative(process.cwd(), folder), call: programCall(folder) }
        return withOpenFleet(config, (fleet) => tellDemo(fleet, face, where))
      }),
    )
}
