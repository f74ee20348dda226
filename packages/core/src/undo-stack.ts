import { createHostError } from './errors/create-host-error.js'
import { startDeadline } from './signals/deadline.js'
import { runUntilAborted } from './signals/run-until-aborted.js'
import { checkTimeout } from './validation/check.js'

/**
 * Steps run in reverse, once, under the stack's own signal and deadline.
 *
 * Disposing runs them, and keeps their failures to itself: where those matter, `run` comes first.
 */
export interface UndoStack extends AsyncDisposable {
  /** `title` names the step where it fails: `network`. */
  add(title: string, step: UndoStep): void
  /** Never rejects: returns the failures, in order. Called while it runs: the same run. */
  run(): Promise<readonly unknown[]>
  /** Forgets the steps: all went well. */
  release(): void
}

/** Takes one thing back. Its signal is not the caller's: it aborts when the time of the whole stack is over. */
export type UndoStep = (own: { readonly signal: AbortSignal }) => PromiseLike<unknown>

/** Options of `createUndoStack`. */
export interface UndoOptions {
  /** For all steps of one run together; default 30 000. */
  readonly timeoutMs?: number
}

/** Makes an empty stack. */
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

/** Empties `steps`, from the end; those that are added meanwhile too. */
async function runSteps(steps: NamedStep[], timeoutMs: number): Promise<readonly unknown[]> {
  const failures: unknown[] = []
  const deadline = new AbortController()
  const limit = startDeadline(timeoutMs, () => deadline.abort())
  for (let entry = steps.pop(); entry !== undefined; entry = steps.pop()) {
    try {
      await runUntilAborted(entry.step, deadline.signal)
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
