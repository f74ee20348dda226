/**
 * Finds the bytes that tell a program at a terminal that its input has ended: end-of-transmission (Ctrl-D). Closing the
 * connection instead would lose the output that is still to come.
 *
 * The terminal's line discipline takes that character as the end only at the start of a line. Elsewhere the first one
 * submits the started line, and the second one is the end. A program that reads the terminal raw gets the character
 * itself, as if it had been typed. `man 3 termios`: VEOF, VLNEXT.
 */
export class TerminalEof {
  #isAtBegin = true
  #isQuoted = false

  /** Call it with all bytes that are sent. */
  note(bytes: Uint8Array): void {
    for (const byte of bytes) {
      this.#isAtBegin = !this.#isQuoted && lineEnds.has(byte)
      this.#isQuoted = !this.#isQuoted && byte === quote
    }
  }

  /**
   * Sends the end, and again after 200 ms, 400 ms, 800 ms and so on. A shell that edits lines sets its terminal to raw mode
   * and loses an end that was sent before that; another program may read the terminal later, and its input has ended, too.
   * Returns a function that stops the repetition; call it when the connection closes.
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
    if (this.#isQuoted) return Uint8Array.of(endOfTransmission, endOfTransmission, endOfTransmission)
    return this.#isAtBegin ? Uint8Array.of(endOfTransmission) : Uint8Array.of(endOfTransmission, endOfTransmission)
  }
}

const endOfTransmission = 4
/** Ctrl-V: the next character has no special meaning. */
const quote = 22
/** After these the line is empty: LF, CR, and Ctrl-C, Ctrl-D, Ctrl-U, Ctrl-Z and Ctrl-\, which clear or submit it. */
const lineEnds: ReadonlySet<number> = new Set([10, 13, 3, endOfTransmission, 21, 26, 28])
const firstDelayMs = 200
/** The longest time that Node can wait is 2³¹ ms. */
const longestDelayMs = 2 ** 30
