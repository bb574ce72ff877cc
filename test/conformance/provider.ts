import { afterAll, afterEach, beforeAll, beforeEach, describe } from 'vitest'
import { accessTests } from './provider-access.ts'
import { branchTests } from './provider-branch.ts'
import { crashTests } from './provider-crashes.ts'
import { lifeTests } from './provider-life.ts'
import { restoreTests } from './provider-restore.ts'
import { type ProviderUnderTest, setup, type TestFleet } from './provider-setup.ts'
import { sweepTests } from './provider-sweep.ts'
import { templateTests } from './provider-templates.ts'

export interface ConformanceOptions<U extends ProviderUnderTest> {
  readonly start: () => Promise<U>
  /** Says why it cannot be started here: then all is skipped. */
  readonly whyNot?: () => Promise<string | undefined>
  /** What is promised beyond the specification. */
  readonly more?: (fleet: () => TestFleet<U>) => void
}

/** The specification of a provider: every implementation passes it, with every kind of admin that it supports. */
export function providerConformance<U extends ProviderUnderTest>(
  name: string,
  { start, whyNot, more }: ConformanceOptions<U>,
): void {
  describe(`provider ${name}`, () => {
    let reason: string | undefined
    let underTest: U | undefined
    let fleet: TestFleet<U> | undefined
    beforeAll(async () => {
      reason = await whyNot?.()
      if (reason === undefined) underTest = await start()
    })
    afterAll(() => underTest?.stop?.())
    beforeEach(async ({ skip }) => {
      if (underTest === undefined) skip(reason)
      else fleet = await setup(underTest)
    })
    afterEach(async () => {
      await fleet?.cleanUp()
      fleet = undefined
    })

    const current = () => {
      if (fleet === undefined) throw new Error('No test is running.')
      return fleet
    }
    templateTests(current)
    lifeTests(current)
    accessTests(current)
    crashTests(current)
    restoreTests(current)
    sweepTests(current)
    branchTests(current)
    more?.(current)
  })
}
