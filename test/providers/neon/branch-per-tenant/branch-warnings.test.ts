import { expect, test } from 'vitest'
import { branchWarnings } from '../../../../src/providers/neon/branch-per-tenant/foresee-branches.ts'
import { NEON_PLANS } from '../../../../src/providers/neon/prices.ts'

const scale = { name: 'scale', plan: NEON_PLANS.scale }

test('branches that a plan includes cost nothing and are not spoken of', () => {
  expect(branchWarnings(scale, 10, 15)).toEqual([])
})

test('branches beyond those that a plan includes cost money as long as they are there', () => {
  expect(branchWarnings(scale, 100, 100)).toEqual([
    'The project will have 200 branches, and plan scale includes 25: those beyond cost about $262.50 a month (prices of 2026-08) for as long as they are there.',
  ])
  expect(branchWarnings(scale, 100, 100, 2)).toEqual([
    expect.stringContaining('about $350.00 a month (the configured price)'),
  ])
})

test('restore points that do not fit are refused a place before the first is taken', () => {
  expect(branchWarnings(scale, 3_000, 2_001)).toEqual([expect.stringContaining('no place for 2001 restore points')])
  expect(branchWarnings({ name: 'free', plan: NEON_PLANS.free }, 6, 5)).toEqual([
    expect.stringContaining('plan free allows 10'),
  ])
})

test('where nobody knows what a branch costs, nothing is said of money', () => {
  expect(branchWarnings({ name: 'agent', plan: NEON_PLANS.agent }, 500, 100)).toEqual([])
})
