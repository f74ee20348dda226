/** What the engine says within a stream instead of the stream: becomes OPERATION_FAILED with its text. */
export class EngineStreamError extends Error {
  constructor(text: string) {
    super(text.trim() === '' ? 'the engine ended the stream without a reason' : text.trim())
  }

  static {
    Object.defineProperty(EngineStreamError.prototype, 'name', { value: 'EngineStreamError', writable: true })
  }
}
