import { FleetError } from './errors.ts'

/** What each state means, and where each verb that it accepts leads. */
export type StateMachine<State extends string, Verb extends string> = Readonly<
  Record<State, { readonly means: string; readonly on: Readonly<Partial<Record<Verb, State>>> }>
>

/**
 * Returns where a verb leads.
 * @throws FleetError INVALID_TRANSITION when the state does not accept the verb; the message names those it accepts
 */
export function nextState<S extends string, V extends string>(machine: StateMachine<S, V>, state: S, verb: V): S {
  const { on } = machine[state]
  const next = on[verb]
  if (next !== undefined) return next
  throw new FleetError(
    'INVALID_TRANSITION',
    `Cannot ${verb} while ${state}. It accepts: ${Object.keys(on).join(', ') || 'nothing'}.`,
  )
}

/** Returns the states that accept a verb: what SQL that writes its result must name as expected. */
export function statesAccepting<S extends string, V extends string>(machine: StateMachine<S, V>, verb: V): S[] {
  return (Object.keys(machine) as S[]).filter((state) => machine[state].on[verb] !== undefined)
}

/** Returns the state in which a verb ends: of each machine it is the same from wherever it is accepted. */
export function stateAfter<S extends string, V extends string>(machine: StateMachine<S, V>, verb: V): S {
  const [from] = statesAccepting(machine, verb)
  if (from === undefined) throw new FleetError('INVALID_TRANSITION', `No state accepts ${verb}.`)
  return nextState(machine, from, verb)
}
