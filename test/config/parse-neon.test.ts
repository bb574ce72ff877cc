import { expect, test } from 'vitest'
import { neon } from '../../src/config/define-fleet.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import { origin, refusalOf } from './refusal-of.ts'

const account = (options: object = {}) => ({
  name: 'a',
  provider: neon({ apiKey: 'k', region: 'aws-us-east-1', ...options }),
  catalog: { url: 'postgres://u@h/d' },
})

test('an account at Neon has these defaults', () => {
  const { provider } = parseConfig(account(), origin)
  expect(provider).toMatchObject({ placement: 'project-per-tenant', pgVersion: 18 })
  expect(provider).toMatchObject({
    prices: undefined,
    suspendAfter: false,
    requestsPerMinute: 600,
    requestsPerSecond: 30,
    orgId: undefined,
  })
})

test('the least compute of a tenant at Neon is no more than the most', () => {
  expect(refusalOf(account({ autoscaling: { min: 0.25, max: 2 } }))).toBe('accepted')
  expect(refusalOf(account({ autoscaling: { min: 2, max: 2 } }))).toBe('accepted')
  expect(refusalOf(account({ autoscaling: { min: 4, max: 2 } }))).toBe(
    'provider.autoscaling.min: 4 is more than its max, 2.',
  )
})

test('a compute of a tenant at Neon is as large as its API allows', () => {
  expect(refusalOf(account({ autoscaling: { min: 0.2, max: 2 } }))).toBe(
    'provider.autoscaling.min: 0.2 is not a number of compute units of at least 0.25.',
  )
})

test('a history at Neon reaches back for as long as its API allows', () => {
  expect(parseConfig(account({ historyRetention: '30d' }), origin).provider).toMatchObject({
    historyRetention: 30 * 86_400_000,
  })
  expect(refusalOf(account({ historyRetention: '31d' }))).toBe(
    'provider.historyRetention: "31d" is not a duration. Use milliseconds or "72h", "7d" (30 days at most).',
  )
})

test('prices are numbers of US dollars', () => {
  const refusal = (prices: unknown) => refusalOf(account({ prices }))
  expect(parseConfig(account({ prices: { computeUnitHour: 0.2 } }), origin).provider).toMatchObject({
    prices: { computeUnitHour: 0.2, branchMonth: undefined },
  })
  expect(parseConfig(account({ prices: { branchMonth: 1 } }), origin).provider).toMatchObject({
    prices: { computeUnitHour: undefined, branchMonth: 1 },
  })
  expect(refusal({ branchMonth: -1 })).toMatch(/^provider\.prices\.branchMonth: -1 is not a price/)
  expect(refusal({ computeUnitHour: -1 })).toMatch(/^provider\.prices\.computeUnitHour: -1 is not a price/)
  expect(refusal({ computeUnitHour: Number.POSITIVE_INFINITY })).toContain('provider.prices.computeUnitHour')
  expect(refusal({ computeUnitHour: '0.1' })).toMatch(/^provider\.prices\.computeUnitHour: "0\.1" is not a price/)
  expect(refusal({ computeHour: 1 })).toContain('provider.prices')
  expect(refusal(0.2)).toMatch(/^provider\.prices: 0\.2 is not an object with computeUnitHour/)
})

test('whether computes are suspended after the work is yes or no', () => {
  expect(parseConfig(account({ suspendAfter: true }), origin).provider).toMatchObject({ suspendAfter: true })
  expect(refusalOf(account({ suspendAfter: '5m' }))).toBe('provider.suspendAfter: "5m" is neither true nor false.')
})

test('tenants at Neon may be branches, of a project that is named or is made', () => {
  expect(refusalOf(account({ placement: 'branch-per-tenant' }))).toBe('accepted')
  const named = { placement: 'branch-per-tenant', templateProjectId: 'quiet-river-12345678' }
  expect(parseConfig(account(named), origin).provider).toMatchObject(named)
  expect(refusalOf(account({ templateProjectId: 'quiet-river-12345678' }))).toBe(
    "provider.templateProjectId: is for tenants that are branches. Set `placement: 'branch-per-tenant'`, or leave it out.",
  )
  expect(refusalOf(account({ ...named, templateProjectId: 'My project' }))).toBe(
    'provider.templateProjectId: "My project" is not the id of a project, such as quiet-river-12345678.',
  )
  expect(refusalOf(account({ placement: 'schema-per-tenant' }))).toBe(
    'provider.placement: "schema-per-tenant" is not one of: project-per-tenant, branch-per-tenant.',
  )
})
