/** Runs all closings in sequence, and rejects at the end with an AggregateError of their failures. `title` names them. */
export async function closeAll(closings: readonly Closing[], title: string): Promise<void> {
  const failures = await collectFailures(closings)
  if (failures.length > 0) throw new AggregateError(failures, `${title} failed with ${toCount(failures)}`)
}

/** Runs all closings in sequence and resolves with their failures, in order. Never rejects. */
export async function collectFailures(closings: readonly Closing[]): Promise<readonly unknown[]> {
  const failures: unknown[] = []
  for (const close of closings) {
    try {
      await close()
    } catch (error) {
      failures.push(error)
    }
  }
  return failures
}

/** Closes one object. */
export type Closing = () => PromiseLike<void>

function toCount({ length }: readonly unknown[]): string {
  return length === 1 ? '1 error' : `${length} errors`
}
