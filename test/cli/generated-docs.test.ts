import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { generateDocs } from '../../scripts/generate-docs.ts'

test.each(Object.entries(generateDocs()))('docs/%s is what `node scripts/generate-docs.ts` writes', (name, text) => {
  expect(readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8')).toBe(text)
})
