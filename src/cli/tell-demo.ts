import { runAsApplication } from '../fleet/as-application.ts'
import type { Fleet, NewTenant, PlanOptions } from '../fleet/fleet.ts'
import { EXIT, type ExitCode } from '../model/error-meaning.ts'
import { driveRollout } from './drive-rollout.ts'
import type { Face } from './face.ts'
import { countOf } from './renderers/format-values.ts'
import { renderPlan } from './renderers/render-plan.ts'
import { renderStatus } from './renderers/render-status.ts'
import { renderUndo } from './renderers/render-undo.ts'
import { viewOfPlan } from './renderers/rollout-view.ts'
import { wrapText } from './renderers/wrap-text.ts'
import { type StepTeller, stepTeller } from './step-teller.ts'

const START = '0003_invoices'
const SAFE = '0005_invoices_by_project'

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

  const code = await rollOut(fleet, face, { to: SAFE })
  if (code !== EXIT.done) return code
  await step(
    'Customers have projects',
    () => writeProjects(fleet),
    () => `one of ${LONG_TITLED} has a very long title`,
  )
  // An earlier telling has withdrawn the third one.
  const failed = await rollOut(fleet, face, { again: true })
  if (failed !== EXIT.tenantsFailed) return failed
  const undone = await undo(fleet, face)
  if (undone !== EXIT.done) return undone
  face.print(`\n${renderStatus(await fleet.status(), face.page())}`)
  face.print(epilogue(face, where))
  return EXIT.done
}

async function rollOut(fleet: Fleet, face: Face, options: PlanOptions): Promise<ExitCode> {
  const plan = await fleet.rollouts.plan(options)
  face.print(`\n${renderPlan(plan, face.page())}\n`)
  return driveRollout(fleet, face, {
    initial: viewOfPlan(plan),
    drive: (signal) => fleet.rollouts.start({ ...options, digest: plan.digest, signal }),
  })
}

async function undo(fleet: Fleet, face: Face): Promise<ExitCode> {
  const { id } = await fleet.rollouts.status()
  const plan = await fleet.rollouts.planUndo(id)
  if (plan.undo !== undefined) face.print(`\n${renderUndo(plan, plan.undo, face.page())}\n`)
  return driveRollout(fleet, face, {
    initial: viewOfPlan(plan),
    drive: (signal) => fleet.rollouts.undo(id, { digest: plan.digest, signal }),
  })
}

/** A title that the third migration cannot shorten. */
const LONG_TITLED = 'piedpiper'

async function writeProjects(fleet: Fleet): Promise<void> {
  for (const { id } of TENANTS) {
    const title = id === LONG_TITLED ? 'Making the world a better place, with compression' : 'Website'
    await runAsApplication(
      fleet,
      id,
      `with customer as (insert into customers (email, name) values ('me@example.com', 'Me') returning id)
       insert into projects (customer_id, title, legacy_notes) select id, '${title}', 'call back' from customer`,
    )
  }
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
    'Two migrations went out in three waves: a wave starts only when the one before it has kept within the failures that it allows.',
    'The third failed on a tenant before most had it, and was undone: those that had it are back at their restore points.',
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
