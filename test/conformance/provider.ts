import { afterAll, afterEach, beforeAll, beforeEach, describe } from 'vitest'
import { accessTests } from './provider-access.ts'
import { branchTests } from './provider-branch.ts'
import { crashTests } from './provider-crashes.ts'
import { lifeTests } from './provider-life.ts'
import { restoreTests } from './provider-restore.ts'
import { type ProviderUnderTest, setup, type TestFleet } from './provider-setup.ts'
import { sweepTests } from './provider-sweep.ts'
import { templateTests } from './provider-templates.ts'

/** The specification of a provider: every implementation passes it, with every kind of admin that it supports. */
export function providerConformance(name: string, start: () => Promise<ProviderUnderTest>): void {
  describe(`provider ${name}`, () => {
    let underTest: ProviderUnderTest
    let fleet: TestFleet
    beforeAll(async () => {
      underTest = await start()
    })
    afterAll(() => underTest.stop?.())
    beforeEach(async () => {
      fleet = await setup(underTest)
    })
    afterEach(() => fleet.cleanUp())

    const current = () => fleet
    templateTests(current)
    lifeTests(current)
    accessTests(current)
    crashTests(current)
    restoreTests(current)
    sweepTests(current)
    branchTests(current)
  })
}
