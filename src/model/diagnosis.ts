/** Something that `fleet doctor` looked at. */
export interface Diagnosis {
  readonly subject: string
  readonly verdict: 'ok' | 'warning' | 'error'
  readonly message: string
  /** What to run, complete, when something is missing. */
  readonly remedy?: string
}
