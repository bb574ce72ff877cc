import { Command } from 'commander'
import { EXIT } from '../../model/error-meaning.ts'
import type { SweepFinding } from '../../model/sweep.ts'
import { sweepLines } from '../renderers/sweep-lines.ts'
import { withFleet } from '../with-fleet.ts'

export function sweepCommand(): Command {
  return new Command('sweep')
    .description('Find what carries the mark of this fleet and has no record, and records without a database')
    .addHelpText('after', HELP)
    .action((_options, command: Command) =>
      withFleet(command, async (fleet, face) => {
        let left = 0
        const findings = noticing(fleet.sweep({ remove: face.options.yes }), ({ verdict }) => {
          if (verdict !== 'removed') left += 1
        })
        await face.stream(findings, sweepLines)
        return left > 0 ? EXIT.no : EXIT.done
      }),
    )
}

const HELP = `
Without --yes it only says what would be removed; nobody is asked. What carries no mark, or that of another fleet or
catalog, is not looked at. A database that is or was a tenant's is never removed: take it back with
\`fleet tenant adopt\`, or drop it yourself.

Exit code 0: there is nothing, or all of it was removed; 5: something is left to be seen to.`

async function* noticing(
  findings: AsyncIterable<SweepFinding>,
  onFinding: (finding: SweepFinding) => void,
): AsyncIterable<SweepFinding> {
  for await (const finding of findings) {
    onFinding(finding)
    yield finding
  }
}
