import type { Fleet } from '../fleet/fleet.ts'
import type { Tags } from '../model/tenant.ts'
import { formatVersion } from './renderers/format-values.ts'

/** How many tenants are looked at for their tags, and how many names are told. */
const SAMPLE = 1_000
const MOST = 10

/** Says which tags and versions there are, for a list that turned out empty; one sentence each. */
export async function tellWhatExists(
  fleet: Fleet,
  { tag, atVersion }: { tag?: Tags; atVersion?: string },
): Promise<string[]> {
  const said: string[] = []
  if (tag !== undefined) said.push(sentence('Tags', await someTags(fleet)))
  if (atVersion !== undefined) {
    const { versions } = await fleet.status()
    said.push(
      sentence(
        'Versions',
        versions.map((it) => (it.version === null ? `none (${formatVersion(null)})` : it.version)),
      ),
    )
  }
  return said
}

async function someTags(fleet: Fleet): Promise<string[]> {
  const found = new Set<string>()
  let looked = 0
  for await (const { tags } of fleet.tenants.list()) {
    for (const [key, value] of Object.entries(tags)) found.add(`${key}=${value}`)
    looked += 1
    if (looked === SAMPLE || found.size > MOST) break
  }
  return [...found]
}

function sentence(what: string, names: readonly string[]): string {
  const shown = names.slice(0, MOST).join(', ')
  return `${what} in use: ${shown === '' ? 'none' : shown}${names.length > MOST ? ', …' : ''}.`
}
