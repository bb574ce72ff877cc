import { inspect } from 'node:util'
import { ERRORS, FleetError } from '../model/errors.ts'
import { wrapText } from './renderers/wrap-text.ts'

/** Says an error in one sentence and its remedy; the stack and causes only for `--debug`. */
export function formatError(error: unknown, { debug, width }: { debug: boolean; width: number }): string {
  const say = (text: string) => wrapText(text, { width, first: 'fleet: ', rest: '       ' })
  if (debug) return `${say(messageOf(error))}\n${inspect(error)}`
  if (error instanceof FleetError) {
    const remedy = error.remedy === '' ? [] : [wrapText(error.remedy, { width, first: '       ', rest: '       ' })]
    return [...error.message.split('\n').map(say), ...remedy].join('\n')
  }
  return `${say(`unexpected error: ${messageOf(error)}`)}\n       Run it again with --debug to see where.`
}

/** The same for programs. */
export function errorDocument(error: unknown): unknown {
  if (!(error instanceof FleetError)) return { error: { code: null, message: messageOf(error), remedy: null, exit: 1 } }
  const { code, message, remedy } = error
  return { error: { code, message, remedy: remedy === '' ? null : remedy, exit: ERRORS[code].exit } }
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(messageOf).join('; ')
  return error instanceof Error ? error.message || error.name : String(error)
}
