import { describe, expect, test } from 'vitest'
import type { CallFault } from '../../support/neon-emulator/faults.ts'
import type { NeonAccountForTest } from './neon-account-for-test.ts'

/**
 * A recipe of the provider, from a tenant that is ready up to what can be seen of its end. `begin` is called before the part
 * that is disturbed.
 */
export type Recipe = (account: NeonAccountForTest, id: string, begin: () => void) => Promise<unknown>

/** With the calls of it that change something, and the operations that these begin. */
export type NamedRecipe = readonly [string, Recipe, Readonly<Record<string, readonly string[]>>]

interface Disturbance {
  readonly what: string
  readonly fault: CallFault
  /** What the log says of each call that met it. */
  readonly met: readonly (number | undefined)[]
}

/** What can happen to a call. */
const DISTURBANCES: readonly Disturbance[] = [
  { what: 'the request is lost', fault: 'loseRequest', met: [undefined] },
  { what: 'the response is lost', fault: 'loseResponse', met: [undefined] },
  { what: 'it is locked out twice', fault: 'locked', met: [423, 423] },
  { what: 'the rate is too high', fault: { tooMany: {} }, met: [429] },
  { what: 'it is not served', fault: 'unavailable', met: [503] },
  { what: 'a page stands in for the answer', fault: 'cloudflare', met: [524] },
]

/** Runs recipes, each once undisturbed and once with each disturbance of each of its calls, and compares what can be seen then. */
export function recipeTests(recipes: readonly NamedRecipe[], setup: () => Promise<NeonAccountForTest>): void {
  describe.each(recipes)('%s', (_, recipe, calls) => {
    test('ends as the undisturbed run does, whatever happens to its calls and operations', async () => {
      const account = await setup()
      const { emulator } = account
      let runs = 0
      const run = async (begin: () => void) => {
        const id = `x${runs++}`
        const before = new Set((await account.things()).map(({ name }) => name))
        const failedBefore = await failed(account)
        const result = await recipe(account, id, () => {
          emulator.calls.reset()
          begin()
        })
        await emulator.settled()
        const log = emulator.calls.log.slice()
        const made = (await account.things()).filter(({ name }) => !before.has(name))
        emulator.faults.clear()
        const seen: unknown = JSON.parse(
          JSON.stringify({ result, made }).replaceAll(new RegExp(`\\b${id}\\b`, 'g'), 'ID'),
        )
        const failures = [...(await failed(account))].filter((it) => !failedBefore.has(it)).length
        return { seen, log, failures }
      }
      const { seen: undisturbed } = await run(() => {})
      for (const [call, actions] of Object.entries(calls)) {
        for (const { what, fault, met } of DISTURBANCES) {
          const disturbed = await run(() => emulator.faults.next({ call, fault, times: met.length }))
          const statuses = disturbed.log.filter((it) => it.call === call).map(({ status }) => status)
          expect(statuses.slice(0, met.length), `${call}: ${what}`).toEqual(met)
          expect(disturbed.seen, `${call}: ${what}`).toEqual(undisturbed)
        }
        for (const action of actions) {
          const disturbed = await run(() => account.failOperation(action, 'recovers'))
          expect(disturbed.failures, `${action} fails once`).toBe(1)
          expect(disturbed.seen, `${action} fails once`).toEqual(undisturbed)
        }
      }
    })
  })
}

/** Returns the ids of operations that were tried again. */
async function failed({ emulator: { client } }: NeonAccountForTest): Promise<ReadonlySet<string>> {
  const { data } = await client.listProjects({ limit: 400 })
  const lists = await Promise.all(data.projects.map((it) => client.listProjectOperations({ projectId: it.id })))
  const operations = lists.flatMap((it) => it.data.operations)
  return new Set(operations.filter((it) => it.failures_count > 0).map(({ id }) => id))
}
