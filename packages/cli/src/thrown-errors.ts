/** The errors that one thrown value stands for, in the order in which they came: several at once, or one and what closing met. */
export function toErrors(thrown: unknown): readonly unknown[] {
  if (thrown instanceof AggregateError) return thrown.errors.flatMap(toErrors)
  return isSuppressing(thrown) ? [...toErrors(thrown.suppressed), ...toErrors(thrown.error)] : [thrown]
}

/** By its shape: Node 20 has no SuppressedError, and what `await using` compiles to throws a look-alike. */
function isSuppressing(thrown: unknown): thrown is { readonly error: unknown; readonly suppressed: unknown } {
  return thrown instanceof Error && thrown.name === 'SuppressedError' && 'error' in thrown && 'suppressed' in thrown
}
