import type { Runtime } from '@capstan/core'
import { poll } from '@capstan/core/plugin'

/** A condition of a container, for `waitFor`. An application can define its own as an object. */
export interface WaitStrategy {
  /** The condition, for the message of an error: `port 80 open`. */
  readonly title: string
  /**
   * Resolves when the condition is met. Rejects when it cannot be met any more, and when the signal aborts. The container may
   * not have been started yet.
   */
  wait(context: WaitContext): Promise<void>
}

/** What a strategy gets from `waitFor`. */
export interface WaitContext {
  readonly runtime: Runtime
  readonly id: string
  /** Aborts when the result is not needed any more. */
  readonly signal: AbortSignal
  /** Records why the condition is not met yet. The error of `waitFor` contains the last problem. */
  readonly onProblem: (problem: string) => void
}

/**
 * Calls `attempt` until it resolves with `undefined`, and reports the problem that it resolves with. Waits 2 ms, 4 ms and so on up to
 * 250 ms between attempts.
 */
export async function retry(
  { onProblem, signal }: Pick<WaitContext, 'onProblem' | 'signal'>,
  attempt: () => Promise<string | undefined>,
): Promise<void> {
  const ask = async () => {
    const problem = await attempt()
    if (problem === undefined) return true
    onProblem(problem)
    return undefined
  }
  await poll(ask, { limitMs: Number.POSITIVE_INFINITY, signal })
}
