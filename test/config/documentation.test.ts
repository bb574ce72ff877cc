import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { schema } from '../../src/config/schema.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/configuration.md'), 'utf8')

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly items?: JsonSchema
}

/** Every option as the page writes it: nested ones with their path, those of a wave by their name. */
function optionsOf({ properties = {} }: JsonSchema, path = ''): string[] {
  return Object.entries(properties).flatMap(([key, inner]) => {
    if (key === 'provider') return [key]
    if (inner.properties) return optionsOf(inner, `${path}${key}.`)
    return [`${path}${key}`, ...(inner.items?.properties ? optionsOf(inner.items) : [])]
  })
}

const options = optionsOf(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema)

test('the options of the schema are seen', () => {
  expect(options).toEqual(
    expect.arrayContaining(['name', 'catalog.url', 'rollout.waves', 'maxFailures', 'rollout.attempts']),
  )
})

test.each(options)('docs/configuration.md explains %s', (option) => {
  expect(page).toContain(`| \`${option}\` |`)
})
