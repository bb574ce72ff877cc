/** Receives the messages of one direction of a session, once the startup message is over. */
export interface MessageHandler {
  /** Whether the message is handed over whole; else its bytes pass as they come. */
  wants(type: string): boolean
  /** Returns what goes on in place of the message. */
  whole(type: string, message: Buffer): Buffer
}

const HEAD = 5

/** Cuts a stream of bytes into messages: a type byte, the length of what follows with itself, the body. */
export class MessageStream {
  readonly #handler: MessageHandler
  /** The beginning of a message of which more is needed, in the pieces in which it came. */
  #held: Buffer[] = []
  #heldLength = 0
  #needed = HEAD
  /** How much of a message that passes as it comes has not come yet. */
  #passing = 0

  constructor(handler: MessageHandler) {
    this.#handler = handler
  }

  /** Takes in what has arrived and returns what goes on. */
  push(chunk: Buffer): readonly Buffer[] {
    const on: Buffer[] = []
    let rest = chunk
    while (rest.length > 0) {
      if (this.#passing > 0) {
        const passing = rest.subarray(0, this.#passing)
        this.#passing -= passing.length
        on.push(passing)
        rest = rest.subarray(passing.length)
        continue
      }
      const piece = rest.subarray(0, this.#needed - this.#heldLength)
      this.#held.push(piece)
      this.#heldLength += piece.length
      rest = rest.subarray(piece.length)
      if (this.#heldLength === this.#needed) on.push(...this.#complete())
    }
    return on
  }

  /** What was held is as long as was needed: a head, or a whole message. */
  #complete(): readonly Buffer[] {
    const message = Buffer.concat(this.#held)
    const type = message.toString('latin1', 0, 1)
    const length = 1 + Math.max(message.readInt32BE(1), 4)
    if (this.#needed < length && this.#handler.wants(type)) {
      this.#held = [message]
      this.#needed = length
      return []
    }
    this.#held = []
    this.#heldLength = 0
    this.#needed = HEAD
    if (message.length === length && this.#handler.wants(type)) return [this.#handler.whole(type, message)]
    this.#passing = length - message.length
    return [message]
  }
}
