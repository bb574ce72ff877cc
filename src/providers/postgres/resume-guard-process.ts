import { systemClock } from '../../lib/clock.ts'
import type { ConnectionDescriptor } from '../../model/connection.ts'
import { Secret } from '../../model/secret.ts'
import { resumeEntry } from './resume-entry.ts'
import type { GuardMessage } from './resume-guard.ts'

/*
 * Run as a process of its own by `resume-guard.ts`. The channel to its parent is closed when that ends, whatever ended it:
 * then it lets the clients go on that are still waiting, and ends as well.
 */
const watched = new Map<number, { readonly to: ConnectionDescriptor; readonly entry: string }>()

process.on('message', (message: GuardMessage) => {
  if (message.kind === 'unwatch') {
    watched.delete(message.id)
    return
  }
  const { id, entry } = message
  const { password, ...console } = message.console
  watched.set(id, { to: { ...console, password: password === null ? undefined : new Secret(password) }, entry })
  process.send?.(id)
})

process.on('disconnect', () => {
  // What cannot be reached stays recorded.
  for (const { to, entry } of watched.values()) resumeEntry(to, entry, systemClock).catch(() => {})
})
