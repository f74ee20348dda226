/** The failure of an assertion of the kit: the expected and the observed behaviour of the plugin. */
export class ConformanceFailure extends Error {
  readonly expected: string
  readonly seen: string

  constructor(expected: string, seen: string, { cause }: { readonly cause?: unknown } = {}) {
    super(`expected ${expected}; saw ${seen}`, cause === undefined ? undefined : { cause })
    this.expected = expected
    this.seen = seen
  }

  static {
    Object.defineProperty(ConformanceFailure.prototype, 'name', { value: 'ConformanceFailure' })
  }
}
