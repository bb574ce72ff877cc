import { FleetError } from '../../src/model/errors.ts'
import { NeonApiError } from '../../src/providers/neon/neon-api-error.ts'
import { QUESTIONS, type Question, type QuestionName } from './questions.ts'

/** Begins an answer that says nothing, such as where the plan does not let it be asked. */
export const NOT_ASKED = 'not asked'

/** What was seen, by question. */
export class Answers {
  readonly #seen = new Map<QuestionName, string>()

  /** Asks, and goes on with the others where that fails. */
  async ask(name: QuestionName, look: () => Promise<string>): Promise<void> {
    const seen = await look().catch((error: unknown) => `failed: ${error instanceof Error ? error.message : error}`)
    this.#seen.set(name, seen)
    console.log(`  ${QUESTIONS[name].asks} ${seen}`)
  }

  /** Returns the questions and answers in Markdown, and how many differ, or were not reached. */
  report(isEmulator: boolean): { readonly table: string; readonly differing: number } {
    const rows = Object.entries<Question>(QUESTIONS).map(([name, question]) => {
      const seen = this.#seen.get(name as QuestionName)
      const expected = isEmulator ? question.emulator : (question.expected ?? question.emulator)
      return { question, seen: seen ?? '', verdict: verdictOn(seen, expected) }
    })
    const head = ['question', 'the emulator', isEmulator ? 'here (an emulator)' : 'Neon', '']
    const lines = [
      head,
      head.map(() => '---'),
      ...rows.map((it) => [it.question.asks, it.question.emulator, it.seen, it.verdict]),
    ]
    return {
      table: lines.map((cells) => `| ${cells.map((it) => it.replaceAll('|', '\\|')).join(' | ')} |`).join('\n'),
      differing: rows.filter(({ verdict }) => verdict !== AS_EXPECTED && verdict !== '').length,
    }
  }
}

const AS_EXPECTED = 'as expected'

function verdictOn(seen: string | undefined, expected: string): string {
  if (seen === undefined) return 'not reached'
  if (seen.startsWith(NOT_ASKED)) return ''
  return seen === expected ? AS_EXPECTED : 'DIFFERS'
}

/** Says what became of a call that may be refused. */
export async function outcomeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'accepted'
  } catch (error) {
    const answer = error instanceof FleetError ? error.cause : error
    if (answer instanceof NeonApiError && answer.status !== null) return `refused: ${answer.status}`
    throw error
  }
}
