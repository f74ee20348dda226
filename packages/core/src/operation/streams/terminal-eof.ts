/**
 * Sends the end of the input to a terminal: end-of-transmission (Ctrl-D). Closing the connection would lose later
 * output.
 *
 * At the start of a line, the terminal interprets this character as end-of-file. Within a line, the first one submits
 * the line and the second one is end-of-file. A program in raw mode reads the character itself: termios(3), VEOF and
 * VLNEXT.
 */
export class TerminalEof {
  /** The number of characters that end the input. */
  #count = 1

  /** Must be called with all bytes that are sent to the terminal. */
  note(bytes: Uint8Array): void {
    for (const byte of bytes) {
      const isQuoted = this.#count === quotedCount
      if (byte === quote && !isQuoted) this.#count = quotedCount
      else this.#count = lineEnds.has(byte) && !isQuoted ? 1 : 2
    }
  }

  /**
   * Sends the end of the input, and repeats it after 200 ms, 400 ms, 800 ms and so on, because a shell that sets its
   * terminal to raw mode discards earlier input, and a program that the shell starts later must also read end-of-file.
   * Returns a function that stops the repetition. Call it when the connection closes.
   */
  sendTo(send: (bytes: Uint8Array) => void): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined
    const repeatAfter = (delayMs: number) => {
      timer = setTimeout(() => {
        send(Uint8Array.of(endOfTransmission))
        repeatAfter(Math.min(2 * delayMs, longestDelayMs))
      }, delayMs)
      timer.unref()
    }
    send(this.bytes)
    repeatAfter(firstDelayMs)
    return () => clearTimeout(timer)
  }

  /** The bytes to send at the end of the input. */
  get bytes(): Uint8Array {
    return new Uint8Array(this.#count).fill(endOfTransmission)
  }
}

const endOfTransmission = 4
/** Ctrl-V: the next character has no special meaning. */
const quote = 22
/** After the quote, the first character is data, the second one submits the line, and the third one is end-of-file. */
const quotedCount = 3
/** Characters that submit or clear the line: LF, CR, Ctrl-C, Ctrl-D, Ctrl-U, Ctrl-Z and Ctrl-\. */
const lineEnds: ReadonlySet<number> = new Set([10, 13, 3, endOfTransmission, 21, 26, 28])
const firstDelayMs = 200
/** Timers of Node are limited to less than 2³¹ ms. */
const longestDelayMs = 2 ** 30
