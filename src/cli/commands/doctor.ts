import { Command } from 'commander'
import { loadConfig } from '../../config/load-config.ts'
import type { Diagnosis } from '../../fleet/fleet.ts'
import { EXIT } from '../../model/error-meaning.ts'
import type { Page } from '../face.ts'
import { wrapText } from '../renderers/wrap-text.ts'
import { withFace } from '../with-fleet.ts'

const SIGNS = { ok: ['✓', 'green'], warning: ['!', 'yellow'], error: ['✗', 'red'] } as const

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Look at reach, rights and settings, and say what to run where something is missing')
    .action((_options, command: Command) =>
      withFace(command, async (face) => {
        const { config: file } = face.options
        const config = await loadConfig(file === undefined ? {} : { file })
        // A fleet that cannot be opened is just what it is asked about.
        const { diagnoseFleet } = await import('../../fleet/open-fleet.ts')
        const diagnoses = await diagnoseFleet(config)
        face.answer(diagnoses, renderDiagnoses)
        return diagnoses.some(({ verdict }) => verdict === 'error') ? EXIT.usage : EXIT.done
      }),
    )
}

/** Lists what was looked at, with what to run where something is missing. */
export function renderDiagnoses(diagnoses: readonly Diagnosis[], { width, style }: Page): string {
  const lines = diagnoses.flatMap(({ subject, verdict, message, remedy }) => {
    const [sign, colour] = SIGNS[verdict]
    const first = wrapText(`${subject}: ${message}`, { width, first: ` ${sign} `, rest: '   ' })
    // What is to be copied is not broken into lines.
    return [style(colour, first), ...(remedy === undefined ? [] : remedy.split('\n').map((line) => `     ${line}`))]
  })
  const count = (verdict: Diagnosis['verdict']) => diagnoses.filter((it) => it.verdict === verdict).length
  return [...lines, '', ` ${count('ok')} fine, ${count('warning')} to look at, ${count('error')} to mend.`].join('\n')
}
