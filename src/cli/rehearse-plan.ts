import type { Fleet, PlanOptions, RehearsedPlan } from '../fleet/fleet.ts'
import { formatBytes } from '../lib/format-bytes.ts'
import { FleetError } from '../model/errors.ts'
import type { FleetEvent, RehearsalEvent } from '../model/events.ts'
import type { SampledTenant } from '../model/rehearsal.ts'
import { confirm } from './confirm.ts'
import type { Face } from './face.ts'
import { endWithin, onInterrupt } from './interrupt.ts'
import { fitText } from './renderers/fit-text.ts'
import { formatDuration } from './renderers/format-values.ts'
import { livePicture } from './renderers/live-picture.ts'
import { rehearsalLine } from './renderers/rehearsal-progress.ts'

/** What `rollout plan` and `rollout start` take about rehearsals, as commander reads it. */
export interface RehearsalFlags {
  readonly rehearse?: number
  readonly rehearseClosesTenants?: boolean
}

/** @throws FleetError USAGE for an option that means nothing alone */
export function checkRehearsalFlags({ rehearse, rehearseClosesTenants }: RehearsalFlags): void {
  if (rehearse === undefined && rehearseClosesTenants)
    throw new FleetError('USAGE', '--rehearse-closes-tenants says nothing without --rehearse <n>.')
}

export interface RehearsePlanInput {
  readonly options: PlanOptions
  /** Of the plan that was shown. */
  readonly digest: string
  readonly tenants: number
  readonly closesTenants: boolean
  /** With JSON output: one event per line, where more lines follow. */
  readonly events: boolean
}

/**
 * Rehearses the plan that was shown, and shows how it goes. A first Ctrl-C or SIGTERM ends it and drops its copy; a second
 * one ends at once.
 * @throws what `fleet.rollouts.rehearse` throws
 */
export async function rehearsePlan(fleet: Fleet, face: Face, input: RehearsePlanInput): Promise<RehearsedPlan> {
  const { options, digest, tenants, closesTenants } = input
  const show = showerFor(face, input)
  const stopEvents = fleet.on((event) => isRehearsalEvent(event) && show.event(event))
  const interrupted = new AbortController()
  const stopInterrupts = onInterrupt(() => {
    if (interrupted.signal.aborted) {
      show.close()
      face.note('Stopped at once. What is left is removed by the next rehearsal.')
      void endWithin(fleet.terminate())
      return
    }
    interrupted.abort()
    face.note('Stopping the rehearsal and dropping its copy. Again: stop at once.')
  })
  try {
    // Verified when it was planned, and the digest says whether that still holds.
    const { verify: _, ...rest } = options
    return await fleet.rollouts.rehearse({
      ...rest,
      digest,
      tenants,
      closesTenants,
      signal: interrupted.signal,
      confirm: (sample) => agree(face, sample),
    })
  } finally {
    stopInterrupts()
    stopEvents()
    show.close()
  }
}

/** The flag is consent; on a terminal it is asked for once more, with what it comes to. */
async function agree(face: Face, sample: readonly SampledTenant[]): Promise<boolean> {
  const closed = sample.flatMap(({ tenantId, bytes, source }) =>
    source.kind === 'tenant' && source.estimatedMs > 0
      ? [`${tenantId} (${formatBytes(bytes)}, about ${formatDuration(source.estimatedMs)})`]
      : [],
  )
  if (closed.length === 0) return true
  face.note(`Closed to their clients, whose sessions are ended, while they are copied: ${closed.join(', ')}.`)
  return face.interactive ? confirm(face, 'Copy them?') : true
}

interface Shower {
  event(event: RehearsalEvent): void
  close(): void
}

function showerFor(face: Face, { events }: RehearsePlanInput): Shower {
  if (face.options.output === 'json')
    return { event: (event) => events && face.print(JSON.stringify(event)), close: () => {} }
  if (!face.live) {
    return {
      event: (event) => {
        const line = rehearsalLine(event)
        if (line !== undefined) face.note(line)
      },
      close: () => {},
    }
  }
  const picture = livePicture(process.stdout)
  return {
    event: (event) => {
      const line = rehearsalLine(event)
      if (line !== undefined) picture.draw(` ${fitText(line, face.page().width - 1)}`)
    },
    close: () => {
      picture.draw('')
      picture.done()
    },
  }
}

function isRehearsalEvent(event: FleetEvent): event is RehearsalEvent {
  return event.type.startsWith('rehearsal.')
}
