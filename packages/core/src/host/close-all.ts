/** Calls all functions in sequence, and rejects at the end with an AggregateError of their failures. `title` names them. */
export async function closeAll(closeFunctions: readonly CloseFunction[], title: string): Promise<void> {
  const failures = await collectFailures(closeFunctions)
  if (failures.length > 0) throw new AggregateError(failures, `${title} failed with ${toCount(failures)}`)
}

/** Calls all functions in sequence and resolves with their failures, in order. Never rejects. */
export async function collectFailures(closeFunctions: readonly CloseFunction[]): Promise<readonly unknown[]> {
  const failures: unknown[] = []
  for (const close of closeFunctions) {
    try {
      await close()
    } catch (error) {
      failures.push(error)
    }
  }
  return failures
}

/** Closes one object. */
export type CloseFunction = () => PromiseLike<void>

function toCount({ length }: readonly unknown[]): string {
  return length === 1 ? '1 error' : `${length} errors`
}
