import { expectTypeOf, test } from 'vitest'
import type { z } from 'zod'
import type { FleetInput } from '../../src/config/define-fleet.ts'
import type { schema } from '../../src/config/schema.ts'

test('what the types allow is what the schema reads', () => {
  expectTypeOf<FleetInput['name']>().toEqualTypeOf<z.input<typeof schema>['name']>()
  expectTypeOf<keyof FleetInput>().toEqualTypeOf<keyof z.input<typeof schema>>()
  expectTypeOf<keyof NonNullable<FleetInput['rollout']>>().toEqualTypeOf<
    keyof NonNullable<z.input<typeof schema>['rollout']>
  >()
  expectTypeOf<keyof NonNullable<FleetInput['migrations']>>().toEqualTypeOf<
    keyof NonNullable<z.input<typeof schema>['migrations']>
  >()
})
