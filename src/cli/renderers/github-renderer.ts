import { appendFileSync } from 'node:fs'
import type { RolloutPlan, RolloutStatus } from '../../model/rollout.ts'
import type { Face } from '../face.ts'
import { formatDuration } from './format-values.ts'
import { escapeData, escapeProperty } from './github-escape.ts'
import { linesOf } from './plain-renderer.ts'
import { nextSteps, stateSentence } from './render-rest.ts'
import type { RolloutRenderer } from './renderer.ts'
import { type RolloutView, reduceView } from './rollout-view.ts'

/** Shows a rollout in GitHub Actions: a group per wave, an annotation per cause, and a step summary. */
export function githubRenderer(face: Face, initial: RolloutView): RolloutRenderer {
  let view = initial
  let inGroup = false
  const endGroup = () => {
    if (inGroup) face.print('::endgroup::')
    inGroup = false
  }
  return {
    event: (event) => {
      const before = view
      view = reduceView(view, event)
      if (event.type === 'wave.started') {
        endGroup()
        face.print(`::group::${event.wave}`)
        inGroup = true
      }
      for (const line of linesOf(event, { before, view })) face.print(line)
      if (event.type === 'wave.finished' || event.type === 'rollout.paused') endGroup()
    },
    notice: (text) => face.print(text),
    rest: (status) => {
      endGroup()
      if (status === undefined) return
      for (const line of annotations(status)) face.print(line)
      face.print(stateSentence(status))
      const file = process.env.GITHUB_STEP_SUMMARY
      if (file) appendFileSync(file, stepSummary(status))
    },
    close: endGroup,
  }
}

/** One `::error` per cause, at the migration's file. */
export function annotations({ failures, plan }: RolloutStatus): string[] {
  return failures.map(({ migration, sqlstate, message, count, example }) => {
    const file = fileOf(plan, migration)
    const title = [`${count} failed`, sqlstate].filter((it) => it !== null).join(', ')
    const place = file === undefined ? '' : `file=${escapeProperty(file)},`
    return `::error ${place}title=${escapeProperty(title)}::${escapeData(`${migration ?? 'before any migration'}: ${message} (e.g. ${example})`)}`
  })
}

/** The step summary, in Markdown. */
export function stepSummary(status: RolloutStatus): string {
  const mark =
    status.state === 'completed' ? (status.outcome === 'degraded' ? '⚠️' : '✅') : status.state === 'paused' ? '⏸' : '🛑'
  const waves = status.waves.map(({ name, counts, startedAt, finishedAt }) => {
    const total = Object.values(counts).reduce((sum, it) => sum + it, 0)
    const time = startedAt && finishedAt ? formatDuration(finishedAt.getTime() - startedAt.getTime()) : ''
    return `| ${cell(name)} | ${counts.succeeded} / ${total} | ${counts.failed} | ${time} |`
  })
  const failures = status.failures.map(
    ({ migration, sqlstate, message, count, example }) =>
      `**${count} × ${sqlstate ?? 'error'}** ${cell(message)}${migration === null ? '' : ` (${cell(migration)})`}, e.g. \`${example}\`  `,
  )
  const steps = nextSteps(status).map(({ command }) => `\`${command}\``)
  return [
    `### ${mark} ${stateSentence(status)}`,
    '',
    '| wave | done | failed | time |',
    '|---|---|---|---|',
    ...waves,
    '',
    ...(failures.length > 0 ? [...failures, ''] : []),
    ...(steps.length > 0 ? [steps.join(' · '), ''] : []),
    '',
  ].join('\n')
}

function fileOf(plan: RolloutPlan, migration: string | null): string | undefined {
  return plan.migrations.find((it) => it.name === migration)?.file
}

function cell(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/[|<>`*_\\]/g, '\\$&')
}
