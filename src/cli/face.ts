import { styleText } from 'node:util'
import type { Command } from 'commander'

/** Options that every command has. */
export interface GlobalOptions {
  readonly config?: string
  readonly output: 'tty' | 'json' | 'github'
  readonly yes: boolean
  readonly debug: boolean
  readonly color: boolean
}

/** Colours that support a meaning; never the only sign of it. */
export type Style = (format: Parameters<typeof styleText>[0], text: string) => string

/** What a text is laid out for. */
export interface Page {
  /** Columns; nothing is laid out narrower than 40. */
  readonly width: number
  /** Shorten what is longer than that: on a terminal; what is piped on keeps it all. */
  readonly cut: boolean
  readonly style: Style
}

/** How a command speaks: output to stdout, diagnostics to stderr. */
export interface Face {
  readonly options: GlobalOptions
  /** Stdout is a terminal on which lines can be redrawn. */
  readonly live: boolean
  /** Somebody is there to answer a question. */
  readonly interactive: boolean
  /** For text on stdout, as wide as it is now. */
  page(): Page
  /** Writes a text and a line end to stdout. */
  print(text: string): void
  /** Writes a text and a line end to stderr. */
  note(text: string): void
  /** Writes a command's whole answer: one JSON document, or the text that `render` makes of it. */
  answer<T>(value: T, render: (value: T, page: Page) => string): void
  /** Writes an answer that may be long, item by item: a JSON array, or what `render` yields. Stops when nobody reads on. */
  stream<T>(
    items: AsyncIterable<T>,
    render: (items: AsyncIterable<T>, page: Page) => AsyncIterable<string>,
  ): Promise<void>
}

/** Reads the options that every command has. */
export function globalOptions(command: Command): GlobalOptions {
  return command.optsWithGlobals<GlobalOptions>()
}

/** Opens the face of a command on the streams of the process. */
export function openFace(options: GlobalOptions): Face {
  const { stdin, stdout, stderr, env } = process
  const inCi = isSet(env.CI)
  let readerGone = false
  // `| head` closes the pipe: the work goes on and what is left unsaid is nobody's loss.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    readerGone = true
  })
  const print = (text: string) => {
    if (!readerGone) stdout.write(`${text}\n`)
  }
  const page = (): Page => ({
    width: stdout.isTTY ? Math.max(stdout.columns ?? 80, 40) : isSet(env.COLUMNS) ? Number(env.COLUMNS) || 80 : 80,
    cut: stdout.isTTY === true,
    style: (format, text) => (options.color ? styleText(format, text, { stream: stdout }) : text),
  })
  return {
    options,
    live: stdout.isTTY === true && !inCi && options.output === 'tty' && env.TERM !== 'dumb',
    interactive: stdin.isTTY === true && stdout.isTTY === true && !inCi && options.output === 'tty',
    page,
    print,
    note: (text) => void stderr.write(`${text}\n`),
    answer(value, render) {
      print(options.output === 'json' ? JSON.stringify(value, null, 2) : render(value, page()))
    },
    async stream(items, render) {
      const lines = options.output === 'json' ? jsonArray(items) : render(items, page())
      for await (const line of lines) {
        if (readerGone) return
        print(line)
      }
    },
  }
}

/** One JSON document whose memory does not grow with it: each item is written as it comes. */
async function* jsonArray(items: AsyncIterable<unknown>): AsyncIterable<string> {
  let previous: string | undefined
  for await (const item of items) {
    yield previous === undefined ? '[' : `${previous},`
    previous = JSON.stringify(item)
  }
  yield previous === undefined ? '[]' : `${previous}\n]`
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== 'false' && value !== '0'
}
