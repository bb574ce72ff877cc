import { providerConformance } from '../../conformance/provider.ts'
import { whyNoEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { branchesUnderTest } from './branches-under-test.ts'

providerConformance('neon with a branch for each tenant, over the emulator', {
  start: branchesUnderTest,
  whyNot: whyNoEmulator,
})
