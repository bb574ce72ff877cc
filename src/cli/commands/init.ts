import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Command, Option } from 'commander'
import { EXIT } from '../../model/error-meaning.ts'
import { ignoreFleetFolder } from '../ignore-fleet-folder.ts'
import { configText, firstMigrationText, fleetNameFrom } from '../new-project.ts'
import { programCall } from '../program-call.ts'
import { countOf } from '../renderers/format-values.ts'
import { withFace } from '../with-fleet.ts'
import { writeInto } from '../write-into.ts'
import { writeProjectFile } from '../write-project-file.ts'

interface InitFlags {
  readonly provider?: 'embedded' | 'postgres'
}

export function initCommand(): Command {
  return new Command('init')
    .description('Write a configuration, a first migration and a .gitignore line; overwrites nothing')
    .addOption(
      new Option('--provider <kind>', 'postgres when FLEET_SERVER_URL is set, else embedded').choices([
        'embedded',
        'postgres',
      ]),
    )
    .action((flags: InitFlags, command: Command) =>
      withFace(command, async (face) => {
        const cwd = process.cwd()
        const project = await readPackage(cwd)
        const provider = flags.provider ?? (process.env.FLEET_SERVER_URL ? 'postgres' : 'embedded')
        // In a CommonJS project a .ts file cannot have imports; an .mts file can.
        const ending = project.type === 'commonjs' ? 'mts' : 'ts'
        const existing = existsSync(join(cwd, 'migrations')) ? await migrationFiles(join(cwd, 'migrations')) : []
        const wrote: string[] = []
        const write = async (file: string, text: string) => {
          if (await writeProjectFile(join(cwd, file), text)) wrote.push(file)
        }
        const config = (await readdir(cwd)).find((name) => /^fleet\.config\.\w+$/.test(name))
        await writeInto(cwd, async () => {
          if (config === undefined) {
            const name = fleetNameFrom(project.name ?? basename(cwd))
            await write(`fleet.config.${ending}`, configText({ name, provider }))
          }
          if (existing.length === 0) await write(`migrations/0001_notes.${ending}`, firstMigrationText())
          if (await ignoreFleetFolder(cwd)) wrote.push('.gitignore (.fleet/)')
        })

        const found = [
          ...(project.kysely ? [`kysely ${project.kysely}`] : []),
          ...(existing.length > 0 ? [`migrations/ (${countOf(existing.length, 'file')})`] : []),
          config ?? 'no fleet.config.ts',
        ]
        const fleet = programCall(cwd)
        const verbs =
          existing.length > 0 && provider === 'postgres'
            ? ['doctor', "tenant adopt --like 'tenant_%' --dry-run", 'rollout plan']
            : ['doctor', 'rollout start --yes', 'tenant create acme']
        const next = verbs.map((verb) => `${fleet} ${verb}`)
        face.answer({ found, wrote, next }, () =>
          [
            ` Found ${found.join(', ')}.`,
            wrote.length > 0 ? ` Wrote ${wrote.join(', ')}.` : ' Nothing had to be written.',
            ...(provider === 'postgres'
              ? [' The provider is postgres, from the environment variable FLEET_SERVER_URL.']
              : []),
            '',
            ' Next:',
            ...next.map((line) => `   ${line}`),
          ].join('\n'),
        )
        return EXIT.done
      }),
    )
}

async function readPackage(folder: string): Promise<{ name?: string; type?: string; kysely?: string }> {
  const read = async (path: string): Promise<Record<string, unknown>> =>
    JSON.parse(await readFile(path, 'utf8').catch(() => '{}'))
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined)
  const { name, type } = await read(join(folder, 'package.json')).catch(() => ({ name: undefined, type: undefined }))
  const { version } = await read(join(folder, 'node_modules/kysely/package.json'))
  const found = { name: text(name), type: text(type), kysely: text(version) }
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined))
}

async function migrationFiles(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => /(?<!\.d)\.(?:m?[jt]s)$/.test(name))
}
