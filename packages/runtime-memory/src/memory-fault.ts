import { createHostError, delay, untilAborted } from '@capstan/core/plugin'

/** A scripted fault: what is to go wrong at an operation. */
export interface MemoryFault {
  /**
   * A method's name: of the runtime, of a manager, or `kill` and `resize` of an exec process. `pullImage` is met by
   * every pull; `createContainer`, `startContainer` and `removeContainer` also as steps of `startSidecar`.
   */
  readonly operation: string
  /** How many calls meet it; default 1. */
  readonly times?: number
  /** The call waits this long first; alone, it goes on then. */
  readonly delayMs?: number
  /** The call goes on when its signal aborts, or the runtime is closed, and not before. */
  readonly hang?: boolean
  /** The operation takes effect, then fails or hangs: the answer was lost. An abort still undoes. */
  readonly after?: boolean
  /** Default, unless the fault only delays or hangs: OPERATION_FAILED. */
  readonly error?: Error
}

/** Finds the fault that a call meets. The list may grow while it is in use. */
export class FaultScript {
  readonly #faults: readonly MemoryFault[]
  readonly #met = new Map<MemoryFault, number>()

  constructor(faults: readonly MemoryFault[]) {
    this.#faults = faults
  }

  take(operation: string): MemoryFault | undefined {
    const fault = this.#faults.find((entry) => entry.operation === operation && this.#timesLeft(entry) > 0)
    if (fault !== undefined) this.#met.set(fault, (this.#met.get(fault) ?? 0) + 1)
    return fault
  }

  #timesLeft(fault: MemoryFault): number {
    return (fault.times ?? 1) - (this.#met.get(fault) ?? 0)
  }
}

/** What was scripted to fail, so that the one who called can tell it from the effect's own failures. */
export class ScriptedFailure {
  readonly error: Error

  constructor(error: Error) {
    this.error = error
  }
}

/** Waits, hangs or throws as the fault says; rejects with a {@link ScriptedFailure}, or the signal's reason. */
export async function applyFault(fault: MemoryFault | undefined, signal: AbortSignal): Promise<void> {
  if (fault === undefined) return
  const { operation, delayMs, hang = false, error } = fault
  if (delayMs !== undefined) await delay(delayMs, { signal, ref: false })
  if (hang) await untilAborted(new Promise<never>(() => {}), signal)
  if (error !== undefined) throw new ScriptedFailure(error)
  if (delayMs === undefined) throw new ScriptedFailure(createScriptedError(operation))
}

function createScriptedError(operation: string): Error {
  const facts = { operation, subject: 'the simulation', status: undefined, reason: 'a scripted fault' }
  return createHostError('OPERATION_FAILED', facts)
}
