import { describe, expect, test } from 'vitest'
import { runFleet, startFleet } from '../support/fleet-process.ts'
import { setup, UNIQUE } from './setup.ts'

describe('on the command line', () => {
  test('plan shows it, and what failed ends with 5 and does not start', async () => {
    const test = await setup()
    await test.migration('0004_unique', UNIQUE)
    const shown = await runFleet(['rollout', 'plan', '--rehearse', '3'], test)
    expect(shown.code, shown.output).toBe(5)
    expect(shown.output).toMatch(/b +\w+ +p2, .* failed/)
    expect(shown.output).toContain('1 × 0004_unique  23505')
    expect(shown.output).toContain('Expected for 3 tenants')
    const refused = await runFleet(['rollout', 'start', '--yes'], test)
    expect(refused.code, refused.output).toBe(5)
    expect(refused.output).toContain('--force')
  })

  test('start runs it first and goes on when it passes', async () => {
    const test = await setup()
    const started = await runFleet(['rollout', 'start', '--yes', '--rehearse', '2'], test)
    expect(started.code, started.output).toBe(0)
    expect(started.output).toContain('Rehearsal h1')
    const json = await runFleet(['rollout', 'plan', '--rehearse', '2', '--output', 'json'], test)
    expect(JSON.parse(json.output)).toMatchObject({ tenants: 0, rehearsal: null })
  })

  test('with JSON it is part of the one document, and says what it closes on stderr', async () => {
    const test = await setup({ points: [] })
    const refused = await runFleet(['rollout', 'plan', '--rehearse', '2'], test)
    expect(refused).toMatchObject({ code: 5, output: expect.stringContaining('--rehearse-closes-tenants') })
    const args = ['rollout', 'plan', '--rehearse', '2', '--rehearse-closes-tenants']
    const { code, output } = await runFleet([...args, '--output', 'json'], test)
    expect(code, output).toBe(0)
    expect(output).toMatch(/^Closed to their clients, .*about \d/m)
    const document = output.slice(output.indexOf('{'), output.lastIndexOf('}') + 1)
    expect(JSON.parse(document)).toMatchObject({ rehearsal: { state: 'passed', tenants: [{}, {}] } })
    expect(await runFleet(['rollout', 'plan', '--rehearse-closes-tenants'], test)).toMatchObject({ code: 2 })
  })

  test('SIGTERM in the middle of a migration drops the copy', async () => {
    const test = await setup()
    // Not where there are no rows: the plan traces it on a database without any.
    await test.migration('0004_sleep', 'await sql`select pg_sleep(60) from items limit 1`.execute(db)')
    const before = await test.databases()
    const process = startFleet(['rollout', 'plan', '--rehearse', '3'], test)
    await process.printed(': 0003_color')
    process.child.kill('SIGTERM')
    expect(await process.ended, process.output()).toBe(130)
    expect(await test.databases()).toEqual(before)
    const { rows } = await test.inCatalog((client) => client.query('select state from fleet.rehearsal'))
    expect(rows).toEqual([{ state: 'abandoned' }])
  })
})
