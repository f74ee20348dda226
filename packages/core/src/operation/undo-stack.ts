import { createHostError } from '../errors/create-host-error.js'
import { checkTimeout } from '../validation/check.js'
import { startDeadline } from './signals/deadline.js'
import { runUntilAborted } from './signals/until-aborted.js'

/**
 * Steps that undo what a call has created. Each step runs once, in reverse order, with a signal and time limit of the stack.
 * When the limit is exceeded, the remaining steps are not called, and each has the failure TIMED_OUT.
 *
 * Disposing runs the steps and ignores their failures. Use `run` to get the failures.
 */
export interface UndoStack extends AsyncDisposable {
  /** Adds a step. `title` names it in the error when it times out, such as `network`. */
  add(title: string, step: UndoStep): void
  /** Runs the steps and resolves with their failures, in order. Never rejects. Concurrent calls share one run. */
  run(): Promise<readonly unknown[]>
  /** Removes all steps without running them. */
  clear(): void
}

/** Undoes one thing that a call has done. It gets the signal of the stack, since that of the caller may have aborted. */
export type UndoStep = (options: UndoStepOptions) => PromiseLike<unknown>

/** Options for the calls of an undo step. */
export interface UndoStepOptions {
  /** Aborts when the time limit of the stack is exceeded. */
  readonly signal: AbortSignal
  /** Always true: the signal replaces the time limits of the runtime, as a signal of the caller does in an `Operation`. */
  readonly hasCallerSignal: true
}

/** Creates an empty undo stack. `timeoutMs`: the limit for all steps of a run, in milliseconds. Default 30 000. */
export function createUndoStack({ timeoutMs = 30_000 }: { readonly timeoutMs?: number | undefined } = {}): UndoStack {
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
    clear: () => void steps.splice(0),
    [Symbol.asyncDispose]: async () => void (await run()),
  }
}

interface NamedStep {
  readonly title: string
  readonly step: UndoStep
}

/** Runs and removes all steps from the end, including those that are added during the run. */
async function runSteps(steps: NamedStep[], timeoutMs: number): Promise<readonly unknown[]> {
  const failures: unknown[] = []
  const deadline = new AbortController()
  const limit = startDeadline(timeoutMs, () => deadline.abort())
  for (let entry = steps.pop(); entry !== undefined; entry = steps.pop()) {
    const { step } = entry
    try {
      await runUntilAborted(({ signal }) => step({ signal, hasCallerSignal: true }), deadline.signal)
    } catch (error) {
      failures.push(error === deadline.signal.reason ? createTimeoutError(entry.title, timeoutMs) : error)
    }
  }
  limit.clear()
  return failures
}

function createTimeoutError(title: string, timeoutMs: number): unknown {
  return createHostError('TIMED_OUT', { operation: `undo of ${title}`, phase: undefined, timeoutMs, lastLines: [] })
}
