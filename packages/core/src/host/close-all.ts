/** Closes one after the other, all of them; what failed comes in one AggregateError at the end. */
export async function closeAll(closings: readonly (() => PromiseLike<void>)[], title: string): Promise<void> {
  const failures: unknown[] = []
  for (const close of closings) {
    try {
      await close()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, `${title} met ${failures.length} failures`)
}
