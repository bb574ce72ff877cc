import type { Fleet, NewTenant } from '../fleet/fleet.ts'
import { EXIT, type ExitCode } from '../model/errors.ts'
import { driveRollout } from './drive-rollout.ts'
import type { Face } from './face.ts'
import { countOf } from './renderers/format-values.ts'
import { renderPlan } from './renderers/render-plan.ts'
import { renderStatus } from './renderers/render-status.ts'
import { viewOfPlan } from './renderers/rollout-view.ts'
import { wrapText } from './renderers/wrap-text.ts'
import { type StepTeller, stepTeller } from './step-teller.ts'

const START = '0003_invoices'

/** Two of our own, six that want news early, and everyone else. */
const TENANTS: readonly NewTenant[] = [
  ...['acme', 'globex'].map((id) => ({ id, tags: { ring: 'internal' } })),
  ...['hooli', 'initech', 'octan', 'piedpiper', 'soylent', 'umbrella'].map((id) => ({ id, tags: { ring: 'early' } })),
  ...[
    'aperture',
    'bluth',
    'cyberdyne',
    'dunder',
    'encom',
    'gringotts',
    'monsters',
    'nakatomi',
    'oscorp',
    'prestige',
    'sirius',
    'stark',
    'tyrell',
    'vandelay',
    'wayne',
    'wonka',
  ].map((id) => ({ id, tags: { ring: 'all' } })),
]

/** Tells the story from the beginning, and how to `call` the program in its `folder`: what an earlier telling left, finished or killed, is put away first. */
export async function tellDemo(
  fleet: Fleet,
  face: Face,
  where: { readonly folder: string; readonly call: string },
): Promise<ExitCode> {
  const step = stepTeller(face)
  face.print(`${face.page().style('green', ' ✓ ')}PostgreSQL and the catalog are ready`)
  await putAway(fleet, step)
  await step(
    'The fleet begins',
    () => fleet.rollouts.start({ to: START, supersede: true }),
    () => `at ${START}`,
  )
  await step(
    'The template is built',
    () => fleet.templates.build(),
    (built) => built.map((it) => it.database).join(', '),
  )
  await step(
    'Tenants are created from the template',
    () => createTenants(fleet),
    (count) => `${count}: internal 2 · early 6 · all 16`,
  )

  const plan = await fleet.rollouts.plan()
  face.print(`\n${renderPlan(plan, face.page())}\n`)
  const code = await driveRollout(fleet, face, {
    initial: viewOfPlan(plan),
    drive: (signal) => fleet.rollouts.start({ digest: plan.digest, signal }),
  })
  if (code !== EXIT.done) return code
  face.print(`\n${renderStatus(await fleet.status(), face.page())}`)
  face.print(epilogue(face, where))
  return EXIT.done
}

/** Puts away what an earlier telling left. */
async function putAway(fleet: Fleet, step: StepTeller): Promise<void> {
  const { rollout, states } = await fleet.status()
  const unfinished = rollout !== null && ['running', 'paused', 'aborting'].includes(rollout.state)
  if (unfinished)
    await step(
      'The unfinished rollout of last time is aborted',
      () => fleet.rollouts.abort(),
      () => rollout.id,
    )
  if (states.creating + states.ready + states.deleting + states.failed === 0) return
  await step(
    'The tenants of last time are deleted',
    () => deleteTenants(fleet),
    (count) => countOf(count, 'tenant'),
  )
}

async function deleteTenants(fleet: Fleet): Promise<number> {
  const ids: string[] = []
  for await (const { id } of fleet.tenants.list({ states: ['creating', 'ready', 'deleting', 'failed'] })) ids.push(id)
  await fleet.tenants.delete(ids)
  return ids.length
}

async function createTenants(fleet: Fleet): Promise<number> {
  let count = 0
  for await (const _tenant of fleet.tenants.create(TENANTS)) count += 1
  return count
}

function epilogue(face: Face, { folder, call }: { readonly folder: string; readonly call: string }): string {
  const { width, style } = face.page()
  const sentences = [
    'Every tenant is a database of its own, cloned from a template, so that a new one is ready at once.',
    'Three migrations went out in three waves: a wave starts only when the one before it has kept within the failures that it allows.',
    'Each migration and the row that records it were committed together: this program may be killed at any moment and run again.',
  ]
  const commands = [
    ['the fleet', `${call} status`],
    ['one tenant', `${call} tenant show acme`],
    ['a migration of yours', `${call} migrate make add_seats && ${call} rollout plan`],
  ] as const
  return [
    '',
    ...sentences.map((text) => wrapText(text, { width, first: ' ' })),
    '',
    folder === '' ? ' Try next:' : ` Try next, in ${folder}/:`,
    ...commands.map(([what, command]) => `   ${what.padEnd(22)}${style('bold', command)}`),
  ].join('\n')
}
