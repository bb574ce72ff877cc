import { Command } from 'commander'
import type { AdoptionCandidate, Fleet } from '../../../fleet/fleet.ts'
import { EXIT } from '../../../model/error-meaning.ts'
import { FleetError } from '../../../model/errors.ts'
import type { AdoptionResult } from '../../../model/fleet-status.ts'
import type { Tags } from '../../../model/tenant.ts'
import { collectTag } from '../../parse-options.ts'
import { type BadLine, readCandidates } from '../../read-candidates.ts'
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
    .option('--from <file>', 'CSV (its name ends in .csv) or NDJSON with id, url and tags')
    .option('--like <pattern>', "databases of the provider's servers whose name is LIKE this; the id is the name")
    .option('--tag <key=value>', 'a tag for all of them; may be repeated', collectTag)
    .option('--dry-run', 'only say what would happen', false)
    .addHelpText('after', HELP)
    .action(async (id: string | undefined, flags: AdoptFlags, command: Command) => {
      const candidatesOf = candidateSource(id, flags)
      await withFleet(command, async (fleet, face) => {
        let refused = 0
        const badLines: AdoptionResult[] = []
        const candidates = candidatesOf(fleet, ({ line, reason }) => {
          badLines.push({ id: `line ${line}`, verdict: 'refused', version: null, reason })
        })
        const adopted = fleet.tenants.adopt(withTags(candidates, flags.tag), { dryRun: flags.dryRun })
        const results = count(withBadLines(adopted, badLines), () => {
          refused += 1
        })
        await face.stream(results, (items, page) => adoptionLines(items, { page, dryRun: flags.dryRun }))
        return refused > 0 ? EXIT.no : EXIT.done
      })
    })
}

const HELP = `
A file for --from ending in .csv has a line of titles, id and url among them:
  id,url,tags
  acme,postgres://...,ring=early;plan=pro
Any other has one JSON object per line:
  {"id":"acme","url":"postgres://...","tags":{"ring":"early"}}
A line that is wrong is refused by its number; the others are adopted (exit 5).

Examples:
  fleet tenant adopt --like 'tenant_%' --dry-run
  fleet tenant adopt --from tenants.csv --dry-run
  ACME_URL=... fleet tenant adopt acme --url-env ACME_URL`

type Candidates = AsyncIterable<AdoptionCandidate> | Iterable<AdoptionCandidate>

/** Decides where the candidates come from, before anything is opened. */
function candidateSource(
  id: string | undefined,
  { urlEnv, from, like }: AdoptFlags,
): (fleet: Fleet, onBadLine: (bad: BadLine) => void) => Candidates {
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
  if (from !== undefined) return (_fleet, onBadLine) => readCandidates(from, onBadLine)
  if (like !== undefined) return (fleet) => fleet.tenants.findCandidates(like)
  const url = urlEnv === undefined ? undefined : process.env[urlEnv]
  if (!(id && url)) {
    throw new FleetError('USAGE', `The environment variable ${urlEnv} is not set.`, {
      remedy: 'Set it to the URL of the database.',
    })
  }
  return () => [{ id, url }]
}

async function* withTags(candidates: Candidates, tags: Tags | undefined): AsyncIterable<AdoptionCandidate> {
  for await (const candidate of candidates)
    yield tags === undefined ? candidate : { ...candidate, tags: { ...candidate.tags, ...tags } }
}

/** Puts what was noted of bad lines so far between the results. */
async function* withBadLines(
  results: AsyncIterable<AdoptionResult>,
  badLines: AdoptionResult[],
): AsyncIterable<AdoptionResult> {
  for await (const result of results) {
    yield* badLines.splice(0)
    yield result
  }
  yield* badLines
}

async function* count(results: AsyncIterable<AdoptionResult>, onRefused: () => void): AsyncIterable<AdoptionResult> {
  for await (const result of results) {
    if (result.verdict === 'refused') onRefused()
    yield result
  }
}
