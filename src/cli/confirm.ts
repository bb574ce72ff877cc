import { createInterface } from 'node:readline/promises'
import { FleetError } from '../model/errors.ts'
import type { Face } from './face.ts'

/**
 * Asks for a yes, unless `--yes` gave it; returns whether it was given.
 * @throws FleetError CONFIRMATION_NEEDED when there is nobody to ask
 */
export async function confirm(face: Face, question: string): Promise<boolean> {
  if (face.options.yes) return true
  if (!face.interactive) throw new FleetError('CONFIRMATION_NEEDED', `${question} There is no terminal to ask on.`)
  const lines = createInterface({ input: process.stdin, output: process.stdout })
  try {
    const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')))
    const answer = await Promise.race([lines.question(`${question} [y/N] `), closed])
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    lines.close()
  }
}
