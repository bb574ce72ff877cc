import type { Fleet } from '../fleet/fleet.ts'
import { systemClock } from '../lib/clock.ts'
import type { RolloutStatus } from '../model/rollout.ts'
import type { Face } from './face.ts'
import { type LivePicture, livePicture } from './renderers/live-picture.ts'
import { renderProgress } from './renderers/render-progress.ts'
import { renderEnd, renderRest } from './renderers/render-rest.ts'
import { type RolloutView, settledIn, viewOfStatus } from './renderers/rollout-view.ts'

/** How often it is looked at, in milliseconds: somebody else drives it, so the catalog has to be asked. */
const EVERY = 1_000

/** Shows a rollout that another process drives until it rests; returns where it ended. */
export async function watchRollout(fleet: Fleet, face: Face, id: string | undefined): Promise<RolloutStatus> {
  const picture = face.live ? livePicture(process.stdout) : undefined
  let shown = ''
  let settledAt: readonly number[] = []
  let settled: number | undefined
  for (;;) {
    const status = await fleet.rollouts.status(id)
    const now = systemClock.now().getTime()
    const view = viewOfStatus(status)
    const count = view.waves.reduce((sum, wave) => sum + settledIn(wave), 0)
    settledAt = [...settledAt, ...Array.from({ length: count - (settled ?? count) }, () => now)].slice(-1_000)
    settled = count
    shown = show({ ...view, settledAt }, { face, now, picture, shown })
    if (!(status.state === 'running' || status.state === 'aborting')) {
      picture?.done()
      if (face.options.output === 'json') face.print(JSON.stringify(status, null, 2))
      // On a terminal the picture has shown the failures.
      else face.print(picture ? `\n${renderRest(status, face.page())}` : renderEnd(status, face.page()))
      return status
    }
    await systemClock.sleep(EVERY)
  }
}

/** Draws, or prints where it changed; returns what stands there. */
function show(
  view: RolloutView,
  { face, now, picture, shown }: { face: Face; now: number; picture: LivePicture | undefined; shown: string },
): string {
  if (face.options.output === 'json') return shown
  if (picture) {
    picture.draw(renderProgress(view, { ...face.page(), rows: (process.stdout.rows ?? 24) - 1, now }))
    return shown
  }
  const line = view.waves.map((wave) => `${wave.name} ${settledIn(wave) - wave.skipped}/${wave.total}`).join(' · ')
  if (line !== shown) face.print(`${view.id} ${view.state}: ${line}`)
  return line
}
