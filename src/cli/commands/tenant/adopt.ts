import { Command } from 'commander'
import type { AdoptionCandidate, Fleet } from '../../../fleet/fleet.ts'
import { EXIT, FleetError } from '../../../model/errors.ts'
import type { AdoptionResult } from '../../../model/fleet-status.ts'
import type { Tags } from '../../../model/tenant.ts'
import { collectTag } from '../../parse-options.ts'
import { readCandidates } from '../../read-candidates.ts'
import { adoptionLines } from '../../renderers/adoption-lines.ts'
import { withFleet } from '../../with-fleet.ts'

interface AdoptFlags {
  readonly urlEnv?: string
  readonly from?: string
  readonly like?: string
  readonly tag?: Tags
  readonly dryRun: boolean
}

export function tenantAdoptCommand(): Command {
  return new Command('adopt')
    .description('Take databases that exist under the care of the fleet')
    .argument('[id]', 'with --url-env: the id that the tenant gets')
    .option('--url-env <NAME>', 'environment variable that holds the URL of the database')
    .option('--from <file>', 'NDJSON or CSV with id, url and tags')
    .option('--like <pattern>', "databases of the provider's servers whose name is LIKE this; the id is the name")
    .option('--tag <key=value>', 'a tag for all of them; may be repeated', collectTag)
    .option('--dry-run', 'only say what would happen', false)
    .addHelpText(
      'after',
      "\nExamples:\n  fleet tenant adopt --like 'tenant_%' --dry-run\n  ACME_URL=... fleet tenant adopt acme --url-env ACME_URL",
    )
    .action(async (id: string | undefined, flags: AdoptFlags, command: Command) => {
      const candidatesOf = candidateSource(id, flags)
      await withFleet(command, async (fleet, face) => {
        let refused = 0
        const results = count(
          fleet.tenants.adopt(withTags(candidatesOf(fleet), flags.tag), { dryRun: flags.dryRun }),
          () => {
            refused += 1
          },
        )
        await face.stream(results, (items, page) => adoptionLines(items, { page, dryRun: flags.dryRun }))
        return refused > 0 ? EXIT.no : EXIT.done
      })
    })
}

/** Decides where the candidates come from, before anything is opened. */
function candidateSource(
  id: string | undefined,
  { urlEnv, from, like }: AdoptFlags,
): (fleet: Fleet) => AsyncIterable<AdoptionCandidate> | Iterable<AdoptionCandidate> {
  if ([urlEnv, from, like].filter((it) => it !== undefined).length !== 1) {
    throw new FleetError('USAGE', 'One of --url-env, --from and --like says which databases.', {
      remedy: 'Read `fleet tenant adopt --help`.',
    })
  }
  if ((id === undefined) !== (urlEnv === undefined)) {
    throw new FleetError(
      'USAGE',
      urlEnv === undefined ? 'An id goes with --url-env only.' : 'The tenant needs an id.',
      {
        remedy: 'Write: fleet tenant adopt <id> --url-env <NAME>',
      },
    )
  }
  if (from !== undefined) return () => readCandidates(from)
  if (like !== undefined) return (fleet) => fleet.tenants.findCandidates(like)
  const url = urlEnv === undefined ? undefined : process.env[urlEnv]
  if (!(id && url)) {
    throw new FleetError('USAGE', `The environment variable ${urlEnv} is not set.`, {
      remedy: 'Set it to the URL of the database.',
    })
  }
  return () => [{ id, url }]
}

async function* withTags(
  candidates: AsyncIterable<AdoptionCandidate> | Iterable<AdoptionCandidate>,
  tags: Tags | undefined,
): AsyncIterable<AdoptionCandidate> {
  for await (const candidate of candidates)
    yield tags === undefined ? candidate : { ...candidate, tags: { ...candidate.tags, ...tags } }
}

async function* count(results: AsyncIterable<AdoptionResult>, onRefused: () => void): AsyncIterable<AdoptionResult> {
  for await (const result of results) {
    if (result.verdict === 'refused') onRefused()
    yield result
  }
}
