/** Closes one after the other, all of them; what failed comes in one AggregateError at the end. */
export async function closeAll(closings: readonly Closing[], title: string): Promise<void> {
  const failures = await collectFailures(closings)
  if (failures.length > 0) throw new AggregateError(failures, `${title} met ${toCount(failures)}`)
}

/** Closes one after the other, all of them; never rejects: returns what failed, in order. */
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

/** Closes one thing. */
export type Closing = () => PromiseLike<void>

function toCount({ length }: readonly unknown[]): string {
  return length === 1 ? '1 failure' : `${length} failures`
}
