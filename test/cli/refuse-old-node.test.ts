import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { refuseOldNode } from '../../src/cli/refuse-old-node.ts'

test.each(['20.20.2', '22.9.0', '22.17.1', '18.0.0'])('Node %s is refused in one sentence', (version) => {
  expect(refuseOldNode(version)).toBe(`fleet: this is Node ${version}, and kysely-fleet needs Node 22.18 or newer.`)
})

test.each(['22.18.0', '22.22.1', '24.0.0', '100.0.0'])('Node %s will do', (version) => {
  expect(refuseOldNode(version)).toBeUndefined()
})

test('package.json asks for the same', () => {
  const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  expect(engines).toEqual({ node: '>=22.18' })
})
