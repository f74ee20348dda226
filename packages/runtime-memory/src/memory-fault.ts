import { createHostError, delay, untilAborted } from '@capstan/core/plugin'

/** An injected fault: a failure or delay of an operation. */
export interface MemoryFault {
  /**
   * The name of an asynchronous method of the runtime or of a manager except `close`, or `kill` or `resize` of an exec
   * process. `pullImage` also applies to the pulls of `createContainer` and `buildImage`, `createContainer` and
   * `startContainer` to those of `startSidecar`, and `removeContainer` to the undoing of `startSidecar`. For
   * `containerLogs` and `watch` the first read fails; for `getImageHomeDir` the call resolves with `/root`.
   */
  readonly operation: string
  /** The number of calls that it applies to. Default 1. */
  readonly times?: number
  /** The call waits this long first. Without `error` and `hang`, it then continues. */
  readonly delayMs?: number
  /** The call waits until its signal aborts or the runtime is closed. */
  readonly hang?: boolean
  /**
   * When true, the operation is carried out first, and the call then fails or hangs, as when a response is lost. Its
   * effect stays, unless the call is aborted, which undoes it.
   */
  readonly after?: boolean
  /** The error of the call. Default: OPERATION_FAILED, or none when the fault only delays or hangs. */
  readonly error?: Error
}

/** The faults to inject, and how often each was used. The list may grow while it is in use. */
export class FaultList {
  readonly #faults: readonly MemoryFault[]
  readonly #uses = new Map<MemoryFault, number>()

  constructor(faults: readonly MemoryFault[]) {
    this.#faults = faults
  }

  /** Returns the fault that applies to this call, if any, and counts the use. */
  useFault(operation: string): MemoryFault | undefined {
    const fault = this.#faults.find((entry) => entry.operation === operation && this.#timesLeft(entry) > 0)
    if (fault !== undefined) this.#uses.set(fault, (this.#uses.get(fault) ?? 0) + 1)
    return fault
  }

  #timesLeft(fault: MemoryFault): number {
    return (fault.times ?? 1) - (this.#uses.get(fault) ?? 0)
  }
}

/** Wraps an injected error, to distinguish it from an error of the operation itself. */
export class InjectedFailure {
  readonly error: Error

  constructor(error: Error) {
    this.error = error
  }
}

/** Waits, hangs or throws as the fault says. Rejects with an {@link InjectedFailure} or the signal's reason. */
export async function applyFault(
  { operation, delayMs, hang = false, error }: MemoryFault,
  { subject, signal }: { readonly subject: string; readonly signal: AbortSignal },
): Promise<void> {
  if (delayMs !== undefined) await delay(delayMs, { signal, ref: false })
  if (hang) await untilAborted(new Promise<never>(() => {}), signal)
  if (error !== undefined) throw new InjectedFailure(error)
  if (delayMs !== undefined) return
  const reason = 'a fault that the option `faults` injects'
  throw new InjectedFailure(createHostError('OPERATION_FAILED', { operation, subject, status: undefined, reason }))
}
