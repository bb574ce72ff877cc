import { Command, Option } from 'commander'
import { EXIT } from '../../../model/error-meaning.ts'
import type { RolloutPlan } from '../../../model/rollout.ts'
import { confirm } from '../../confirm.ts'
import { driveRollout } from '../../drive-rollout.ts'
import type { Page } from '../../face.ts'
import { parseCount, parseQuantityText } from '../../parse-options.ts'
import { renderUndo } from '../../renderers/render-undo.ts'
import { viewOfPlan } from '../../renderers/rollout-view.ts'
import { withFleet } from '../../with-fleet.ts'

interface UndoFlags {
  readonly acceptDataLoss?: boolean
  readonly salvage?: string
  readonly prefer?: 'down'
  readonly withLater?: boolean
  readonly concurrency?: number
  readonly maxFailures?: string
  readonly dryRun?: boolean
  readonly digest?: string
  readonly supersede?: boolean
}

export function rolloutUndoCommand(): Command {
  return new Command('undo')
    .description('Take a rollout back: each tenant that it changed returns to its restore point')
    .argument('<rollout>', 'such as r7; one that is not over is aborted first')
    .option('--dry-run', 'show what it would do; changes nothing')
    .option('--accept-data-loss', 'also where rows were written since, or nobody can tell: they are in what is kept')
    .option('--salvage <folder>', 'write the rows that only the state before has as CSV, a folder per tenant')
    .addOption(
      new Option('--prefer <way>', 'go back by `down` migrations where that loses nothing, else as without').choices([
        'down',
      ]),
    )
    .option('--with-later', 'also take back what later rollouts did to the same tenants')
    .option('--concurrency <n>', 'most tenants at once (default: that of the rollout)', parseCount)
    .option('--max-failures <n|p%>', 'how many of a wave may fail, instead of what its waves say', parseQuantityText)
    .option('--digest <digest>', 'refuse unless the plan is this one; includes --yes')
    .option('--supersede', 'abort another rollout that is active, then start')
    .addHelpText('after', HELP)
    .action((id: string, { dryRun, ...flags }: UndoFlags, command: Command) =>
      withFleet(command, async (fleet, face) => {
        const { digest, supersede, ...options } = flags
        const plan = await fleet.rollouts.planUndo(id, options)
        if (dryRun) {
          face.answer(plan, shown)
          return EXIT.done
        }
        if (face.options.output !== 'json') face.print(`${shown(plan, face.page())}\n`)
        const question = `Take ${plan.undo?.of ?? id} back?`
        if (digest === undefined && !(await confirm(face, question))) {
          face.note('Nothing was started.')
          return EXIT.no
        }
        return driveRollout(fleet, face, {
          initial: viewOfPlan(plan),
          drive: (signal) =>
            fleet.rollouts.undo(id, {
              ...options,
              signal,
              // What is taken back is what was shown, or nothing.
              digest: digest ?? plan.digest,
              ...(supersede === undefined ? {} : { supersede }),
            }),
        })
      }),
    )
}

function shown(plan: RolloutPlan, page: Page): string {
  return plan.undo === undefined ? '' : renderUndo(plan, plan.undo, page)
}

const HELP = `
An undo is a rollout of its own, with the same waves and failure rules, and is steered like one. From its start, new
tenants get the earlier version, and the migrations of the rollout are withdrawn: no plan takes them until their files
are others, or \`rollout start --again\`. A tenant in which rows were written since fails, unless --salvage can
write them to files, or --accept-data-loss.

  fleet rollout undo r7 --dry-run     who returns, and who has no restore point
  fleet rollout undo r7 --prefer down by \`down\` where that loses nothing
  fleet rollout undo r8               the undo r8 itself can be undone as well`
