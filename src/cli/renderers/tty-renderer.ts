import { systemClock } from '../../lib/clock.ts'
import type { RolloutStatus } from '../../model/rollout.ts'
import type { Face } from '../face.ts'
import { livePicture } from './live-picture.ts'
import { renderProgress } from './render-progress.ts'
import { renderRest } from './render-rest.ts'
import type { RolloutRenderer } from './renderer.ts'
import { type RolloutView, reduceView, viewOfStatus } from './rollout-view.ts'

/** Often enough to look alive, seldom enough to cost nothing. In milliseconds. */
const REDRAW = 100

/** Shows a rollout on a terminal: one picture, redrawn in place, which stays when it is over. */
export function ttyRenderer(face: Face, initial: RolloutView): RolloutRenderer {
  const picture = livePicture(process.stdout)
  let view = initial
  let notice: string | undefined
  let closed = false

  const draw = () => {
    // The plan stands above already; it may still be refused.
    if (view.state === 'planned' && notice === undefined) return
    const now = systemClock.now().getTime()
    const page = face.page()
    // One line less: the picture ends with an empty one.
    const rows = (process.stdout.rows ?? 24) - (notice === undefined ? 1 : 3)
    const text = renderProgress(view, { ...page, rows, now })
    picture.draw(notice === undefined ? text : `${text}\n\n ${page.style('yellow', notice)}`)
  }
  const stopTicking = systemClock.every(REDRAW, draw)
  const close = () => {
    if (closed) return
    closed = true
    stopTicking()
    draw()
    picture.done()
  }
  return {
    event: (event) => {
      view = reduceView(view, event)
    },
    notice: (text) => {
      notice = text
    },
    rest: (status: RolloutStatus | undefined) => {
      notice = undefined
      if (status) view = withTimes(viewOfStatus(status), view)
      close()
      if (status) face.print(`\n${renderRest(status, face.page())}`)
    },
    close,
  }
}

/** The status is the truth about counts; what was seen on the way is only what happened last. */
function withTimes(truth: RolloutView, seen: RolloutView): RolloutView {
  return { ...truth, notice: seen.notice, retries: seen.retries }
}
