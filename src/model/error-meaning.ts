/** What an exit code of the program means. The numbers are public. */
export const EXIT = {
  done: 0,
  unexpected: 1,
  usage: 2,
  tenantsFailed: 3,
  waiting: 4,
  no: 5,
  interrupted: 130,
} as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** What an error code stands for. */
export interface ErrorMeaning {
  /** What it means, in a sentence. */
  readonly means: string
  /** What to do about it, in a sentence that starts with a verb. */
  readonly remedy: string
  readonly exit: ExitCode
}
