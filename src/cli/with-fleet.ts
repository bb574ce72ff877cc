import type { Command } from 'commander'
import type { FleetConfig } from '../config/config.ts'
import { loadConfig } from '../config/load-config.ts'
import type { Fleet } from '../fleet/fleet.ts'
import { EXIT, type ExitCode } from '../model/error-meaning.ts'
import { type Face, globalOptions, openFace } from './face.ts'
import { endWithin, onInterrupt } from './interrupt.ts'

/** What a command does; returns its exit code where that is not 0. */
type Outcome = Promise<ExitCode | undefined> | Promise<void>

/** Loads the configuration, opens the fleet, lends it to a command with a face, and closes it whatever happened. */
export async function withFleet(command: Command, use: (fleet: Fleet, face: Face) => Outcome): Promise<void> {
  await withFace(command, async (face) => {
    const { config: file } = face.options
    const config = await loadConfig(file === undefined ? {} : { file })
    return withOpenFleet(config, async (fleet) => (await use(fleet, face)) ?? EXIT.done)
  })
}

/** Opens the fleet of a configuration, lends it, and closes it whatever happened, Ctrl-C included. */
export async function withOpenFleet<T>(config: FleetConfig, use: (fleet: Fleet) => Promise<T>): Promise<T> {
  // Here and not at the top: `--help` and a mistyped command need none of it.
  const { openFleet } = await import('../fleet/open-fleet.ts')
  const fleet = await openFleet(config)
  const stopListening = onInterrupt(() => {
    void endWithin(fleet.terminate().then(() => fleet.close()))
  })
  try {
    return await use(fleet)
  } finally {
    stopListening()
    await fleet.close()
  }
}

/** Lends a command its face, and sets the exit code of the process. For commands that need no fleet. */
export async function withFace(command: Command, use: (face: Face) => Outcome): Promise<void> {
  process.exitCode = (await use(openFace(globalOptions(command)))) ?? EXIT.done
}
