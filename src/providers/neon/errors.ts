/** What an answer of Neon's means for who asked. */
export type NeonErrorKind =
  /** Operations of the project are under way: nothing was executed, safe to repeat. */
  | 'locked'
  /** Too many requests: nothing was executed, safe to repeat. */
  | 'rate-limited'
  /** Not served, or never sent: safe to repeat. */
  | 'unavailable'
  /** No such call is served: nothing was executed, and asking again changes nothing. */
  | 'not-served'
  /** No answer of Neon's own: a mutation may have happened. */
  | 'lost'
  /** The other end is not who it should be: nothing was sent, and asking again changes nothing. */
  | 'untrusted'
  /** A branch is still being made: safe to repeat. */
  | 'not-ready'
  /** The name is taken: perhaps by our earlier try. */
  | 'exists'
  /** There is no such thing, or it cannot be seen yet. */
  | 'gone'
  /** A limit of the plan is reached; `limit` says which. */
  | 'limit'
  /** The plan does not allow a value. */
  | 'plan'
  /** The project does not store passwords. */
  | 'no-password'
  | 'unauthorized'
  /** What the account may use up is used up, or the bill is open. */
  | 'quota'
  /** The branch is protected. */
  | 'protected'
  /** The branch has children. */
  | 'has-children'
  /** The request itself is wrong. */
  | 'invalid'
  | 'unknown'

/** A limit of the plan that is reached. */
export interface NeonLimit {
  /** What there may be no more of, in words. */
  readonly of: string
  /** Whether all projects share it, so that going on with another tenant makes no sense. */
  readonly accountWide: boolean
}

/** An answer, or that there was none, as far as it decides what to do. */
export interface NeonAnswer {
  /** The HTTP status; null: no answer came. */
  readonly status: number | null
  /** Neon's, often empty; where no answer came, Node's: ECONNREFUSED. */
  readonly code: string
  /** Neon's; null: the body is not Neon's JSON but, say, a page of what stands in front of it. */
  readonly message: string | null
}

export interface NeonMeaning {
  readonly kind: NeonErrorKind
  /** Of kind `limit`. */
  readonly limit: NeonLimit | null
}

/** By code, whatever the status: those are not known of all (docs/providers/neon.md). */
const LIMITS: Readonly<Record<string, NeonLimit>> = {
  PROJECTS_LIMIT_EXCEEDED: { of: 'projects', accountWide: true },
  ACTIVE_ENDPOINTS_LIMIT_EXCEEDED: { of: 'computes that run at once', accountWide: true },
  BRANCHES_LIMIT_EXCEEDED: { of: 'branches of the project', accountWide: false },
  ROOT_BRANCHES_LIMIT_EXCEEDED: { of: 'root branches of the project', accountWide: false },
  BRANCHES_PROTECTED_LIMIT_EXCEEDED: { of: 'protected branches of the project', accountWide: false },
  ENDPOINTS_LIMIT_EXCEEDED: { of: 'computes of the project', accountWide: false },
  ROLES_LIMIT_EXCEEDED: { of: 'roles of the branch', accountWide: false },
  DATABASES_LIMIT_EXCEEDED: { of: 'databases of the branch', accountWide: false },
}

interface Row {
  /** These statuses; absent: any. */
  readonly status?: readonly number[]
  readonly code?: RegExp
  readonly message?: RegExp
  readonly kind: NeonErrorKind
}

/** What answers mean; the first row that fits counts. An empty or missing message fits no pattern. */
const ANSWERS: readonly Row[] = [
  { status: [423], kind: 'locked' },
  { status: [429], kind: 'rate-limited' },
  { code: /^RATE_LIMIT_EXCEEDED$/, kind: 'rate-limited' },
  { status: [503], kind: 'unavailable' },
  { status: [501], kind: 'not-served' },
  { code: /^(NON_PRIMARY_BRANCH_)?COMPUTE_TIME_(QUOTA_)?EXCEEDED$/, kind: 'quota' },
  { code: /^(DATA_TRANSFER_LIMIT_EXCEEDED|BRANCH_SIZE_LIMIT_EXCEEDED_THRESHOLD|\w+_QUOTA_EXCEEDED)$/, kind: 'quota' },
  { code: /_LIMIT_EXCEEDED$/, kind: 'limit' },
  { status: [402], kind: 'quota' },
  { status: [401, 403], kind: 'unauthorized' },
  { status: [409], code: /_ALREADY_EXISTS$/, kind: 'exists' },
  { status: [409], message: /already exists/i, kind: 'exists' },
  { message: /branch not ready yet/i, kind: 'not-ready' },
  { message: /cannot delete branch that has children/i, kind: 'has-children' },
  {
    message: /cannot ((reset|delete|restore) protected branch|delete project with protected branches)/i,
    kind: 'protected',
  },
  { message: /suspend interval is too short/i, kind: 'plan' },
  { message: /history retention seconds exceeds/i, kind: 'plan' },
  { status: [412], message: /password/i, kind: 'no-password' },
  { status: [412], kind: 'plan' },
  // Ids are checked before they are sent, so that this is a base URL or an API that is another one.
  { status: [404], message: /this route does not exist/i, kind: 'invalid' },
  // Of Neon's own: a mistyped base URL is answered by others, and must not make what is there look deleted.
  { status: [404], message: /./s, kind: 'gone' },
  { status: [400, 422], kind: 'invalid' },
  { status: [408], kind: 'lost' },
]

/** What Node says where a request never left: nobody listens, or the name is unknown. */
const NEVER_SENT = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN)$/
/** What Node says where a certificate is not accepted. */
const NOT_TRUSTED = /^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_)/

/** Says what an answer means. */
export function classifyNeonAnswer(answer: NeonAnswer): NeonMeaning {
  const kind = kindOf(answer)
  if (kind !== 'limit') return { kind, limit: null }
  // One that nobody has listed may concern all tenants: the cautious reading stops more than it must.
  const unlisted = {
    of: answer.code
      .replace(/_LIMIT_EXCEEDED$/, '')
      .replaceAll('_', ' ')
      .toLowerCase(),
    accountWide: true,
  }
  return { kind, limit: LIMITS[answer.code] ?? unlisted }
}

function kindOf({ status, code, message }: NeonAnswer): NeonErrorKind {
  if (status === null) {
    if (NEVER_SENT.test(code)) return 'unavailable'
    return NOT_TRUSTED.test(code) ? 'untrusted' : 'lost'
  }
  const row = ANSWERS.find(
    (it) =>
      (it.status === undefined || it.status.includes(status)) &&
      (it.code === undefined || it.code.test(code)) &&
      (it.message === undefined || it.message.test(message ?? '')),
  )
  if (row) return row.kind
  // A success that cannot be read is one that may have happened, as is a failure at the far end.
  return status >= 500 || (status >= 200 && status < 300) ? 'lost' : 'unknown'
}
