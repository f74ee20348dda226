/** The error for an answer that does not have the documented format. Becomes PROTOCOL_ERROR. */
export class AnswerFormatError extends Error {
  /** The first 500 bytes of the answer, or the problem if the answer is empty. */
  readonly excerpt: string

  constructor(problem: string, answer: Uint8Array | string = '') {
    super(problem)
    const bytes = Buffer.from(answer).subarray(0, excerptBytes)
    this.excerpt = bytes.length === 0 ? problem : bytes.toString()
  }
}

const excerptBytes = 500
