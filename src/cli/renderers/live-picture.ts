import { createLogUpdate } from 'log-update'
import stringWidth from 'string-width'

/** A text on a terminal that is redrawn in place. */
export interface LivePicture {
  draw(text: string): void
  /** Leaves what was drawn last on the screen and gives the cursor back. */
  done(): void
}

const UP_AND_ERASE = '\u001b[1A\u001b[2K'

/** Begins a picture below what stands on the terminal. */
export function livePicture(stream: NodeJS.WriteStream): LivePicture {
  const log = createLogUpdate(stream)
  let drawn = ''
  const draw = (text: string) => {
    drawn = text
    log(text)
  }
  // A narrower terminal has broken the lines anew before anybody is told: the old picture takes more of them now.
  const redraw = () => {
    if (drawn === '') return
    const columns = stream.columns ?? 80
    const broken = drawn
      .split('\n')
      .reduce((sum, line) => sum + Math.max(0, Math.ceil(stringWidth(line) / columns) - 1), 0)
    log.clear()
    stream.write(UP_AND_ERASE.repeat(broken))
    log(drawn)
  }
  stream.on('resize', redraw)
  return {
    draw,
    done: () => {
      stream.off('resize', redraw)
      log.done()
    },
  }
}
