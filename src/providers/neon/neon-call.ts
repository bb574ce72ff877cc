/** One request to Neon's API, as who counts, repeats and reports it needs to know it. */
export interface NeonCall {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** The path with its placeholders, e.g. `/projects/{project_id}/branches`: with the method, the route that Neon counts by. */
  readonly path: string
  /** The project that it is about; null: none. */
  readonly projectId: string | null
  /** The branch that it looks at or deletes; absent: it is about another thing, or makes one. */
  readonly branchId?: string
}

/**
 * Sends one request as often as that is safe. `attempt` sends it once and throws `NeonApiError`; what cannot be helped by
 * another attempt is thrown on.
 */
export type SendNeonCall = <T>(call: NeonCall, attempt: () => Promise<T>) => Promise<T>

/** Names the route of a call, e.g. `GET /projects`. */
export function routeOf(call: NeonCall): string {
  return `${call.method} ${call.path}`
}
