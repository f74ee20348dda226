/** An answer that is none of those which the engine documents. Becomes PROTOCOL_ERROR. */
export class AnswerFormatError extends Error {
  /** Of the answer, at most 500 bytes. */
  readonly excerpt: string

  constructor(problem: string, answer: Uint8Array | string = '') {
    super(problem)
    const bytes = Buffer.from(answer).subarray(0, excerptBytes)
    this.excerpt = bytes.length === 0 ? problem : bytes.toString()
  }

  static {
    Object.defineProperty(AnswerFormatError.prototype, 'name', { value: 'AnswerFormatError', writable: true })
  }
}

const excerptBytes = 500
