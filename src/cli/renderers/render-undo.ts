import { type RolloutPlan, STRANDED, type UndoPlan } from '../../model/rollout.ts'
import type { Page } from '../face.ts'
import { countOf, formatNumber, formatVersion } from './format-values.ts'
import { waveTable } from './render-plan.ts'
import { planServiceLines } from './service-cost.ts'
import { wrapText } from './wrap-text.ts'

/** Shows what taking a rollout back would do: who returns, who cannot, and what follows for migrations and new tenants. */
export function renderUndo(plan: RolloutPlan, undo: UndoPlan, page: Page): string {
  const { width, style } = page
  const say = (text: string) => wrapText(text, { width, first: '   ' })
  const restored = plan.tenants - undo.byDown
  const title = ` Undo of ${undo.of}  digest ${plan.digest.slice(0, 8)}`
  return [
    style('bold', title),
    '',
    ...(plan.tenants === 0 ? [say('No tenant has anything to return to.')] : []),
    ...(restored === 0
      ? []
      : [
          say(
            `${countOf(restored, 'tenant')} return${restored === 1 ? 's' : ''} to what ${restored === 1 ? 'it' : 'they'} had before. Their sessions are ended while that is done; what is there now is kept.`,
          ),
        ]),
    ...downText(undo).map(say),
    ...(plan.tenants === 0 ? [] : ['', waveTable(plan, page)]),
    ...(restored === 0 ? [] : ['', say(lossText(undo))]),
    ...planServiceLines(plan, page),
    ...[...strandedText(undo), ...consequences(plan, undo)].map((text) => (text === '' ? '' : say(text))),
  ].join('\n')
}

function downText({ down, byDown }: UndoPlan): string[] {
  if (down === null) return []
  const names = down.migrations.map(({ name }) => name).join(', ')
  return [
    ...(byDown === 0
      ? []
      : [
          `${countOf(byDown, 'tenant')} ${byDown === 1 ? 'goes' : 'go'} back by \`down\`, which loses nothing: ${names}. What was written since stays.`,
        ]),
    ...down.refusals.map(({ migration, why }) =>
      `${migration} is not taken back by \`down\`: ${why}`.replace(/[^.]$/, '$&.'),
    ),
  ]
}

function lossText({ acceptDataLoss, salvage }: UndoPlan): string {
  const files = salvage === null ? '' : ` Rows that only the state before has are written to ${salvage}.`
  return acceptDataLoss
    ? `What was written since will only be in what is kept: --accept-data-loss was given.${files}`
    : `Where rows were written since${salvage === null ? '' : ' that no file can hold'}, or nobody can tell, the tenant fails and stays as it is. To take those back all the same: --accept-data-loss.${files}`
}

function strandedText({ stranded, strandedExamples }: UndoPlan): string[] {
  if (stranded === 0) return []
  const examples = strandedExamples.map(({ id, why }) => `${id} (${STRANDED[why]})`).join(', ')
  return [
    '',
    `${countOf(stranded, 'tenant')} cannot return, and stay${stranded === 1 ? 's' : ''} as they are: ${examples}${stranded > strandedExamples.length ? ', …' : ''}.`,
  ]
}

function consequences({ skipped }: RolloutPlan, undo: UndoPlan): string[] {
  const { later, withdraws, readmits, releases, beyond } = undo
  // Where nothing was released before, they get all files, up to what is taken back.
  const given = releases?.to ?? `what comes before ${withdraws[0]}`
  const pinned = skipped.pinnedExamples.map(({ id, reason }) => `${id} ("${reason}")`).join(', ')
  const lines = [
    ...(later.length > 0 ? [`What ${later.join(' and ')} did to these tenants is taken back as well.`] : []),
    ...(skipped.pinned > 0 ? [`${formatNumber(skipped.pinned)} pinned, left as they are: ${pinned}.`] : []),
    ...(beyond > 0
      ? [
          `${countOf(beyond, 'tenant')} with these migrations ${beyond === 1 ? 'was not changed by it, and keeps' : 'were not changed by it, and keep'} them.`,
        ]
      : []),
    ...(withdraws.length > 0 ? [`Withdrawn until their files are others: ${withdraws.join(', ')}.`] : []),
    ...(readmits.length > 0
      ? [
          `Rollouts take again: ${readmits.join(', ')}.${undo.stranded > 0 ? ' Tenants that cannot return get them by `fleet rollout start`.' : ''}`,
        ]
      : []),
    ...(releases === null ? [] : [`New tenants get ${given} from now on, no more ${formatVersion(releases.from)}.`]),
  ]
  return lines.length === 0 ? [] : ['', ...lines]
}
