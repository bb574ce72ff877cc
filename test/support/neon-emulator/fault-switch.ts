import { OperationAction } from '@neondatabase/api-client'
import { z } from 'zod'
import type { Answer } from './route.ts'
import { neonSpecification } from './specification.ts'
import type { World } from './world.ts'

/** Where the switches are, beside the API: of the same origin, without a key. */
export const FAULTS_PATH = '/faults'

const call = z
  .string()
  .refine((name) => neonSpecification().calls.some((it) => it.call === name), {
    error: 'Neon\'s client has no such method; e.g. "createProjectBranch"',
  })
  .optional()
const action = z.enum(OperationAction).optional()
const times = z.int().positive().default(1)
const ms = z.int().positive()
const endpointId = z.string().optional()

const SWITCH = z.discriminatedUnion('fault', [
  z.strictObject({
    fault: z.enum(['locked', 'unavailable', 'cloudflare', 'loseRequest', 'loseResponse', 'hang', 'notFound']),
    call,
    times,
  }),
  z.strictObject({ fault: z.literal('tooMany'), retryAfter: z.int().nonnegative().optional(), call, times }),
  z.strictObject({
    fault: z.literal('failOperation'),
    how: z.enum(['recovers', 'stays', 'cancelled', 'skipped']),
    action,
    times,
  }),
  z.strictObject({ fault: z.literal('slowOperation'), ms, action, times }),
  // Of computes that there are: until it is cleared, unless told how often.
  z.strictObject({ fault: z.literal('refuse'), text: z.string().min(1), times: times.unwrap().optional(), endpointId }),
  z.strictObject({ fault: z.literal('neverWakes'), endpointId }),
  z.strictObject({ fault: z.literal('cut'), endpointId }),
  z.strictObject({ fault: z.literal('advanceClock'), ms }),
])

/** Answers who wants faults by hand: POST switches one on, DELETE switches all off. What is not understood is a 400 that says why. */
export async function answerFaultSwitch(world: World, method: string, text: string): Promise<Answer> {
  const { faults } = world
  if (method === 'DELETE') {
    faults.clear()
    faults.refuse(undefined)
    faults.neverWakes(false)
    return { status: 204 }
  }
  if (method !== 'POST') return refused(`POST switches a fault on, DELETE switches all off: not ${method}.`)
  const body = parsed(text)
  if (body === undefined)
    return refused('The body is no JSON, e.g. {"fault":"locked","call":"createProjectBranch","times":3}.')
  const read = SWITCH.safeParse(body)
  if (!read.success) return refused(z.prettifyError(read.error))
  await switchOn(world, read.data)
  return { status: 204 }
}

async function switchOn({ faults, clock }: World, it: z.output<typeof SWITCH>): Promise<void> {
  switch (it.fault) {
    case 'tooMany': {
      const { retryAfter } = it
      return faults.next({ ...on(it), fault: { tooMany: retryAfter === undefined ? {} : { retryAfter } } })
    }
    case 'failOperation':
      return faults.failOperation({ ...on(it), how: it.how })
    case 'slowOperation':
      return faults.slowOperation(it.ms, on(it))
    case 'refuse':
      return faults.refuse(it.text, on(it))
    case 'neverWakes':
      return faults.neverWakes(true, on(it))
    case 'cut':
      return faults.cut(on(it))
    case 'advanceClock':
      return clock.advance(it.ms)
    default:
      return faults.next({ ...on(it), fault: it.fault })
  }
}

/** What of it says whom a fault meets, and how often. */
function on({ call, action, endpointId, times }: On) {
  return {
    ...(call !== undefined && { call }),
    ...(action !== undefined && { action }),
    ...(endpointId !== undefined && { endpointId }),
    ...(times !== undefined && { times }),
  }
}

interface On {
  readonly call?: string | undefined
  readonly action?: string | undefined
  readonly endpointId?: string | undefined
  readonly times?: number | undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function refused(message: string): Answer {
  return { status: 400, body: { message } }
}
