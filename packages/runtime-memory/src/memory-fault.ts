import { createHostError, delay, untilAborted } from '@capstan/core/plugin'

/** A scripted fault: a failure or delay of an operation. */
export interface MemoryFault {
  /**
   * The name of a method of the runtime or of a manager, or `kill` and `resize` of an exec process. `pullImage`
   * applies to every pull; `createContainer`, `startContainer` and `removeContainer` also apply as steps of
   * `startSidecar`.
   */
  readonly operation: string
  /** The number of calls that it applies to. Default 1. */
  readonly times?: number
  /** The call waits this long first. Without `error` and `hang`, it then continues. */
  readonly delayMs?: number
  /** The call waits until its signal aborts or the runtime is closed. */
  readonly hang?: boolean
  /** The operation takes effect and then fails or hangs, as when its response is lost. An abort still undoes it. */
  readonly after?: boolean
  /** The error of the call. Default: OPERATION_FAILED, or none when the fault only delays or hangs. */
  readonly error?: Error
}

/** Finds the fault that applies to a call. The list may grow while it is in use. */
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

/** Wraps a scripted error, to distinguish it from an error of the operation itself. */
export class ScriptedFailure {
  readonly error: Error

  constructor(error: Error) {
    this.error = error
  }
}

/** Waits, hangs or throws as the fault says. Rejects with a {@link ScriptedFailure} or the signal's reason. */
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
