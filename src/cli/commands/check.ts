import { Command } from 'commander'
import type { CheckResult } from '../../model/fleet-status.ts'
import { exitCodeOfCheck } from '../exit-codes.ts'
import type { Page } from '../face.ts'
import { parseCountOrAll } from '../parse-options.ts'
import { countOf, formatNumber } from '../renderers/format-values.ts'
import { wrapText } from '../renderers/wrap-text.ts'
import { withFleet } from '../with-fleet.ts'

interface CheckFlags {
  readonly atLeast: string
  readonly verify?: number | 'all'
}

export function checkCommand(): Command {
  return new Command('check')
    .description('Say whether every tenant has a migration: for a deploy that needs it (exit 5: no)')
    .requiredOption('--at-least <migration>', 'the migration that every tenant must have')
    .option('--verify <n|all>', 'read so many tenants themselves, not the catalog alone (default: 20)', parseCountOrAll)
    .action(({ atLeast, verify }: CheckFlags, command: Command) =>
      withFleet(command, async (fleet, face) => {
        const result = await fleet.check({ atLeast, ...(verify === undefined ? {} : { verify }) })
        face.answer(result, renderCheck)
        return exitCodeOfCheck(result)
      }),
    )
}

/** Says yes or no first, then how it is known. */
export function renderCheck(result: CheckResult, { width, style }: Page): string {
  const { ok, atLeast, tenants, behind, verified, corrected, unreachable } = result
  const answer = ok
    ? style('green', ` yes: ${countOf(tenants, 'tenant')} ${tenants === 1 ? 'has' : 'have'} ${atLeast}.`)
    : style('red', behind > 0 ? lackText(result) : ' no: not every tenant could be read.')
  const wrong = corrected.length > 0 ? `, and ${corrected.length} corrected: ${corrected.slice(0, 5).join(', ')}` : ''
  const how = wrapText(`By the catalog; ${countOf(verified, 'tenant')} read${wrong}.`, { width, first: ' ' })
  const next = [
    ...(behind > 0 ? [' Next: fleet rollout plan'] : []),
    ...(unreachable[0] === undefined ? [] : [` Look: fleet doctor, fleet tenant show ${unreachable[0]}`]),
  ]
  return [answer, how, ...unreachableLine(unreachable, width), ...next].join('\n')
}

function lackText({ atLeast, tenants, behind, examples }: CheckResult): string {
  const who = `${examples.join(', ')}${behind > examples.length ? ', …' : ''}`
  return ` no: ${formatNumber(behind)} of ${countOf(tenants, 'tenant')} lack ${atLeast}: ${who}`
}

function unreachableLine(unreachable: readonly string[], width: number): string[] {
  if (unreachable.length === 0) return []
  const who = `${unreachable.slice(0, 5).join(', ')}${unreachable.length > 5 ? ', …' : ''}`
  return [wrapText(`${formatNumber(unreachable.length)} could not be read: ${who}.`, { width, first: ' ' })]
}
