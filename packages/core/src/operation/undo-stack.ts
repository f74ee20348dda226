import { createHostError } from '../errors/create-host-error.js'
import { checkTimeout } from '../validation/check.js'
import { startDeadline } from './signals/deadline.js'
import { runUntilAborted } from './signals/run-until-aborted.js'

/**
 * Steps that undo what a call has created. They run in reverse, once, under the stack's own signal and deadline.
 *
 * Disposing runs them and ignores their failures. Call `run` to get the failures.
 */
export interface UndoStack extends AsyncDisposable {
  /** `title` names the step in the error when it times out, such as `network`. */
  add(title: string, step: UndoStep): void
  /** Runs the steps and resolves with their failures, in order; never rejects. A call while it runs joins that run. */
  run(): Promise<readonly unknown[]>
  /** Removes all steps without running them. */
  release(): void
}

/** Undoes one thing. It gets a signal of its own and not the caller's, which may have aborted. */
export type UndoStep = (own: UndoLimit) => PromiseLike<unknown>

/** The limit of an undo step, to be spread into the calls that it makes. */
export interface UndoLimit {
  /** Aborts when the time of the whole stack is over. */
  readonly signal: AbortSignal
  /** As `Operation.isBounded`: the signal takes the place of the runtime's default time limits. */
  readonly isBounded: true
}

/** Options of `createUndoStack`. */
export interface UndoOptions {
  /** For all steps of one run together; default 30 000. */
  readonly timeoutMs?: number | undefined
}

/** Creates an empty stack. */
export function createUndoStack({ timeoutMs = 30_000 }: UndoOptions = {}): UndoStack {
  checkTimeout('timeoutMs', timeoutMs)
  const steps: NamedStep[] = []
  let running: Promise<readonly unknown[]> | undefined
  const run = () => {
    running ??= runSteps(steps, timeoutMs).finally(() => {
      running = undefined
    })
    return running
  }
  return {
    add: (title, step) => void steps.push({ title, step }),
    run,
    release: () => void steps.splice(0),
    [Symbol.asyncDispose]: async () => void (await run()),
  }
}

interface NamedStep {
  readonly title: string
  readonly step: UndoStep
}

/** Runs and removes all steps from the end, including those that are added meanwhile. */
async function runSteps(steps: NamedStep[], timeoutMs: number): Promise<readonly unknown[]> {
  const failures: unknown[] = []
  const deadline = new AbortController()
  const limit = startDeadline(timeoutMs, () => deadline.abort())
  for (let entry = steps.pop(); entry !== undefined; entry = steps.pop()) {
    try {
      await runUntilAborted((own) => entry.step({ ...own, isBounded: true }), deadline.signal)
    } catch (error) {
      failures.push(error === deadline.signal.reason ? toTimedOut(entry.title, timeoutMs) : error)
    }
  }
  limit.clear()
  return failures
}

function toTimedOut(title: string, timeoutMs: number): unknown {
  return createHostError('TIMED_OUT', { operation: `undo of ${title}`, phase: undefined, timeoutMs, lastLines: [] })
}
