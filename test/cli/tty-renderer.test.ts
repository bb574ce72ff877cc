import { afterEach, expect, test, vi } from 'vitest'
import type { Face } from '../../src/cli/face.ts'
import { viewOfPlan } from '../../src/cli/renderers/rollout-view.ts'
import { ttyRenderer } from '../../src/cli/renderers/tty-renderer.ts'
import { event, page, plan } from './example-plan.ts'

afterEach(() => vi.restoreAllMocks())

/** What a terminal gets. */
function watchTerminal() {
  let written = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written += text
    return true
  })
  const face: Partial<Face> = { page: () => page, print: () => {} }
  return { face: face as Face, written: () => written }
}

test('of a rollout that was refused before it began, no picture is left', () => {
  const { face, written } = watchTerminal()
  ttyRenderer(face, viewOfPlan(plan)).close()
  expect(written()).not.toContain('canary')
})

test('of one that has begun, the last picture stays', () => {
  const { face, written } = watchTerminal()
  const renderer = ttyRenderer(face, viewOfPlan(plan))
  renderer.event(event({ type: 'rollout.started', target: null, digest: 'd', tenants: 1, joiners: 0, dropped: 0 }))
  renderer.event(event({ type: 'wave.started', wave: 'canary' }))
  renderer.close()
  expect(written()).toContain('canary')
})
