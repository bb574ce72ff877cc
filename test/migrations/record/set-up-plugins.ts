import { CamelCasePlugin, type KyselyPlugin, ParseJSONResultsPlugin } from 'kysely'
import { resolveOwnPackages } from '../../../src/config/resolve-own-packages.ts'

const PLUGINS: Readonly<Record<string, () => readonly KyselyPlugin[]>> = {
  none: () => [],
  camelCase: () => [new CamelCasePlugin()],
  parseJson: () => [new ParseJSONResultsPlugin()],
}

/** Lets migrations anywhere import 'kysely', and brings the named plugins. */
export async function setUpRecorder(name: string): Promise<readonly KyselyPlugin[]> {
  resolveOwnPackages()
  const plugins = PLUGINS[name]
  if (plugins === undefined) throw new Error(`no plugins are called ${name}`)
  return plugins()
}
