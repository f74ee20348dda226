/** The error that an engine reports within a stream. Becomes OPERATION_FAILED with its text. */
export class EngineStreamError extends Error {
  constructor(text: string) {
    super(text.trim() === '' ? 'the engine ended the stream without a reason' : text.trim())
  }

  static {
    Object.defineProperty(EngineStreamError.prototype, 'name', { value: 'EngineStreamError', writable: true })
  }
}
