import { expect, test } from 'vitest'
import { postgres } from '../../src/config/define-fleet.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import { origin, refusalOf } from './refusal-of.ts'

test('what restore points may take is one size, or one for each server', () => {
  const servers = { eu: 'postgres://u@eu.example/d', us: 'postgres://u@us.example/d' }
  const several = (maxBytes: unknown) => ({
    name: 'a',
    provider: postgres({ servers }),
    catalog: { url: servers.eu },
    restorePoints: { maxBytes },
  })
  const read = (maxBytes: unknown) => parseConfig(several(maxBytes), { root: '/' }).restorePoints.maxBytes
  expect(read('1.5GB')).toBe(1_500_000_000)
  expect(read({ eu: '2TB', us: 7 })).toEqual({ eu: 2_000_000_000_000, us: 7 })
  expect(refusalOf(several({ eu: '2TB', asia: '1TB' }))).toBe(
    'restorePoints.maxBytes.asia: is no server. There are: eu, us.',
  )
  expect(refusalOf({ name: 'a', restorePoints: { maxBytes: { main: '1GB' } } })).toContain('embedded() has one server')
  expect(refusalOf(several('much'))).toMatch(/^restorePoints\.maxBytes: "much" is not a size\. Use bytes or "500MB"/)
})

test('a dump says from which size on, and where its programs are: beside the configuration, unless the path is a whole one', () => {
  const read = (dump: unknown) => parseConfig({ name: 'a', restorePoints: { dump } }, origin).restorePoints.dump
  expect(read(undefined)).toBeUndefined()
  expect(read({ from: '20GB' })).toEqual({ from: 20_000_000_000 })
  expect(read({ from: 5, programs: 'tools/pg18' })).toEqual({ from: 5, programs: '/srv/app/tools/pg18' })
  expect(read({ from: 5, programs: '/opt/pg18' })).toEqual({ from: 5, programs: '/opt/pg18' })
  const refusal = (dump: unknown) => refusalOf({ name: 'a', restorePoints: { dump } })
  expect(refusal({ from: 'large' })).toMatch(/^restorePoints\.dump\.from: "large" is not a size\./)
  expect(refusal({})).toBe('restorePoints.dump.from is not set.')
  expect(refusal({ from: 1, program: 'x' })).toMatch(/^restorePoints\.dump/)
})

test.each([0, 5, 1.5, 'many'])('%j tenants of a server are not copied at once', (copiesAtOnce) => {
  const refusal = refusalOf({ name: 'a', restorePoints: { copiesAtOnce } })
  expect(refusal).toBe(`restorePoints.copiesAtOnce: ${JSON.stringify(copiesAtOnce)} is not a whole number from 1 to 4.`)
})
