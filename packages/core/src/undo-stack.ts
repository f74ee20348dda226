import { createHostError } from './errors/create-host-error.js'

/**
 * Steps run in reverse, once, under the stack's own signal and deadline.
 *
 * Disposing runs them; `release` (success) forgets them. `run` never rejects: it returns the failures, in order.
 */
export interface UndoStack extends AsyncDisposable {
  add(title: string, step: UndoStep): void
  run(): Promise<readonly unknown[]>
  release(): void
}

export type UndoStep = (own: { readonly signal: AbortSignal }) => PromiseLike<unknown>

export interface UndoOptions {
  /** For all steps together; default 30 000. */
  readonly timeoutMs?: number
}

export function createUndoStack({ timeoutMs = 30_000 }: UndoOptions = {}): UndoStack {
  const steps: { readonly title: string; readonly step: UndoStep }[] = []

  async function run(): Promise<readonly unknown[]> {
    if (steps.length === 0) return []
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(), timeoutMs)
    const failures: unknown[] = []
    for (let entry = steps.pop(); entry !== undefined; entry = steps.pop()) {
      const { title, step } = entry
      await settleWithin(step, deadline.signal, () => toTimedOut(title, timeoutMs)).catch((error) =>
        failures.push(error),
      )
    }
    clearTimeout(timer)
    return failures
  }

  return {
    add: (title, step) => void steps.push({ title, step }),
    run,
    release: () => void steps.splice(0),
    [Symbol.asyncDispose]: async () => void (await run()),
  }
}

/** Settles with the step, or rejects when the deadline comes first: a step that ignores its signal holds nobody up. */
function settleWithin(step: UndoStep, signal: AbortSignal, toError: () => unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(toError())
    const expire = () => reject(toError())
    signal.addEventListener('abort', expire, { once: true })
    Promise.resolve()
      .then(() => step({ signal }))
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', expire))
  })
}

function toTimedOut(title: string, timeoutMs: number): unknown {
  return createHostError('TIMED_OUT', { operation: `undo of ${title}`, phase: undefined, timeoutMs, lastLines: [] })
}
