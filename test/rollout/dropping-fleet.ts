import { OLD, setupWithRows } from './fleet-with-rows.ts'

export const IDS = ['a', 'b', 'c', 'd']
export const NEW = [...OLD, '0003_drop']
export const DROP = 'await sql`alter table items drop column price`.execute(db)'

/** Four tenants, two of them canaries, with a row each; and a migration that drops the row's price. */
export async function setupDropping(input: Parameters<typeof setupWithRows>[1] = {}) {
  const test = await setupWithRows({ a: { ring: 'internal' }, b: { ring: 'internal' }, c: {}, d: {} }, input)
  await test.migration('0003_drop', DROP)
  return test
}

export const everyone = (history: readonly string[]) => Object.fromEntries(IDS.map((id) => [id, history]))
