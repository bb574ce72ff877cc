import type { RolloutEvent } from '../../model/events.ts'
import type { RolloutStatus } from '../../model/rollout.ts'

/** Shows a rollout while it is driven. */
export interface RolloutRenderer {
  event(event: RolloutEvent): void
  /** Says something that is not an event, such as what Ctrl-C does. */
  notice(text: string): void
  /** Shows where it ended; nothing more follows. Undefined: there was nothing to do. */
  rest(status: RolloutStatus | undefined): void
  /** Gives the terminal back. May be called twice. */
  close(): void
}
