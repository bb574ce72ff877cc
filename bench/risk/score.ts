/** How well a tool's answers agree with the truth. */
export interface Score {
  /** Share of what is true that it found. */
  readonly recall: number
  /** Share of what it found that is true. */
  readonly precision: number
  readonly missed: readonly string[]
  readonly false: readonly string[]
}

/** Compares answers with the truth. */
export function score(
  answers: readonly { readonly name: string; readonly truth: boolean; readonly answer: boolean }[],
): Score {
  const names = (truth: boolean, answer: boolean) =>
    answers.filter((it) => it.truth === truth && it.answer === answer).map(({ name }) => name)
  const [found, missed, wrong] = [names(true, true).length, names(true, false), names(false, true)]
  return {
    recall: found / (found + missed.length || 1),
    precision: found / (found + wrong.length || 1),
    missed,
    false: wrong,
  }
}
