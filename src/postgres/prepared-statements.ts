import { createHash } from 'node:crypto'
import { Client } from 'pg'
import { sqlstateOf } from './sqlstate.ts'

/** Most texts that are prepared: one that is built anew for each call must not fill the server's memory. */
const MOST = 100

/**
 * Returns a kind of client that prepares each text with parameters on its first use, under a name made of the text, so that
 * the server parses and plans it once per connection. Where the server does not know the name all the same, or knows it
 * already, there is a pooler in between that hands connections around: then nothing is prepared any more.
 */
export function preparingClient(): typeof Client {
  const names = new Map<string, string>()
  let isPrepared = true

  return class extends Client {
    // Only this form is used with parameters; all others are the driver's own matter.
    // biome-ignore lint/suspicious/noExplicitAny: the driver's overloads cannot be repeated here
    override query(...args: any[]): any {
      const [text, values] = args
      const name = args.length === 2 && Array.isArray(values) && values.length > 0 ? nameOf(text) : undefined
      const ask = () => Reflect.apply(super.query, this, args)
      if (name === undefined) return ask()
      return super.query({ name, text, values }).catch((error: unknown) => {
        if (!NOT_RUN.includes(sqlstateOf(error) ?? '')) throw error
        isPrepared = false
        return ask()
      })
    }
  }

  function nameOf(text: unknown): string | undefined {
    if (!isPrepared || typeof text !== 'string') return undefined
    const known = names.get(text)
    if (known !== undefined || names.size >= MOST) return known
    const name = `fleet_${createHash('sha256').update(text).digest('hex').slice(0, 16)}`
    names.set(text, name)
    return name
  }
}

/** No such statement, there is one already, and its result has changed by a change of the schema: it was not run. */
const NOT_RUN = ['26000', '42P05', '0A000']
