import { providerConformance } from '../../conformance/provider.ts'
import { whyNoEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { neonUnderTest } from './neon-under-test.ts'

providerConformance('neon, over the emulator', { start: neonUnderTest, whyNot: whyNoEmulator })
