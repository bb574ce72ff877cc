import type { DriveResult } from '../fleet/fleet.ts'
import { EXIT, type ExitCode } from '../model/error-meaning.ts'
import { ERRORS, FleetError } from '../model/errors.ts'
import type { CheckResult } from '../model/fleet-status.ts'
import type { Salvage } from '../model/restore-point.ts'
import type { RolloutSummary } from '../model/rollout.ts'
import type { PauseReason } from '../model/rollout-state.ts'

/** What each exit code means, for people. */
export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  done: 'done',
  unexpected: 'an unexpected error',
  usage: 'usage or configuration, server unreachable, rights missing',
  tenantsFailed: 'some tenant failed, or the rollout stopped on its failure budget',
  waiting: 'paused and waiting for a person',
  no: 'the answer is no: pending migrations, a changed plan, a refusal',
  interrupted: 'interrupted',
}

/** What a pause means to whoever started the program. */
const PAUSED: Readonly<Record<PauseReason, ExitCode>> = {
  operator: EXIT.waiting,
  interrupted: EXIT.interrupted,
  'failure-budget': EXIT.tenantsFailed,
  'rights-missing': EXIT.usage,
  'server-unfit': EXIT.waiting,
}

/** Returns the exit code of a command that drove a rollout. */
export function exitCodeOfDrive(result: DriveResult): ExitCode {
  if (result.kind === 'nothing-to-do') return EXIT.done
  if (result.kind === 'taken-over') return ERRORS.ROLLOUT_DRIVEN.exit
  return exitCodeOfRollout(result.status)
}

/** Returns the exit code that stands for a rollout at rest; one that still moves is 0. */
export function exitCodeOfRollout({
  state,
  outcome,
  pauseReason,
}: Pick<RolloutSummary, 'state' | 'outcome' | 'pauseReason'>): ExitCode {
  switch (state) {
    case 'completed':
      return outcome === 'degraded' ? EXIT.tenantsFailed : EXIT.done
    case 'paused':
      return pauseReason === null ? EXIT.waiting : PAUSED[pauseReason]
    case 'aborting':
    case 'aborted':
      return EXIT.no
    case 'planned':
    case 'running':
      return EXIT.done
  }
}

/** Returns the exit code of `fleet check`. */
export function exitCodeOfCheck({ ok }: Pick<CheckResult, 'ok'>): ExitCode {
  return ok ? EXIT.done : EXIT.no
}

/** Returns the exit code of a salvage: there may be tables that could not be read. */
export function exitCodeOfSalvage({ notCompared }: Pick<Salvage, 'notCompared'>): ExitCode {
  return notCompared.length === 0 ? EXIT.done : EXIT.tenantsFailed
}

/** Returns the exit code of a command that ended with an error. */
export function exitCodeOfError(error: unknown): ExitCode {
  return error instanceof FleetError ? ERRORS[error.code].exit : EXIT.unexpected
}
