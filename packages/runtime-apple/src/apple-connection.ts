import {
  createClosedError,
  createHostError,
  createUndoStack,
  type Environment,
  findRefusal,
  isHostError,
  type LinkedSignal,
  linkSignals,
  type OperationOptions,
  type RefusableField,
  refuseField,
  type StringMap,
  type UndoStack,
  withUndoFailures,
} from '@capstan/core'
import type { AppleDetails } from './apple-details.js'
import { toAppleError } from './apple-errors.js'
import { type AppleTimeouts, defaultAppleTimeouts } from './apple-timeouts.js'
import { AppleCli, type CliCall, type CliResult } from './cli/apple-cli.js'
import { KeptContainers } from './container/kept-containers.js'
import { BuildTurns } from './image/build-turns.js'

/** One call under way. */
export interface AppleCall {
  readonly operation: string
  readonly subject: string
  /** Aborts with the caller's reason, or with RUNTIME_UNAVAILABLE when the runtime is closed. */
  readonly signal: AbortSignal
  /** Whether the caller gave a signal: it takes the place of the limits. */
  readonly isBounded: boolean
  /** Undone when the call fails or is aborted. */
  readonly undo: UndoStack
}

export interface AppleConnectionOptions {
  readonly details: AppleDetails
  readonly runtimeName: string
  readonly ownerLabels: StringMap
  /** For the report in the error after `close`. */
  readonly packageName?: string | undefined
  readonly packageVersion?: string | undefined
  readonly env: Environment
  /** Default: {@link defaultAppleTimeouts}. */
  readonly timeouts?: AppleTimeouts
}

/** What one open runtime and its managers share: the command line, what it remembers of containers, and the one way in. */
export class AppleConnection {
  readonly cli: AppleCli
  readonly details: AppleDetails
  readonly runtimeName: string
  readonly ownerLabels: StringMap
  readonly env: Environment
  readonly timeouts: AppleTimeouts
  readonly kept: KeptContainers = new KeptContainers()
  readonly builds: BuildTurns = new BuildTurns()
  readonly #options: AppleConnectionOptions
  readonly #open = new Set<LinkedSignal>()
  readonly #calls = new Set<Promise<unknown>>()
  #isClosed = false

  constructor(options: AppleConnectionOptions) {
    const { details, runtimeName, ownerLabels, env, timeouts = defaultAppleTimeouts } = options
    this.timeouts = timeouts
    this.#options = options
    this.cli = new AppleCli(details.command, env, timeouts)
    this.details = details
    this.runtimeName = runtimeName
    this.ownerLabels = ownerLabels
    this.env = env
  }

  /** Runs one operation. What it made is undone when it fails, and when it is aborted. */
  async call<T>(
    { operation, subject }: { readonly operation: string; readonly subject: string },
    { signal }: OperationOptions,
    effect: (call: AppleCall) => Promise<T>,
  ): Promise<T> {
    const { own, end } = this.begin(signal)
    const undo = createUndoStack({ timeoutMs: this.timeouts.undoMs })
    const work = async () => {
      try {
        const result = await effect({ operation, subject, signal: own, isBounded: signal !== undefined, undo })
        own.throwIfAborted()
        undo.release()
        return result
      } catch (error) {
        const failures = await undo.run()
        throw withUndoFailures(own.aborted ? own.reason : error, failures)
      } finally {
        end()
      }
    }
    const running = work()
    this.#calls.add(running)
    return await running.finally(() => this.#calls.delete(running))
  }

  /** Begins what lasts: its signal aborts with the caller's, and at close. */
  begin(signal: AbortSignal | undefined): { readonly own: AbortSignal; readonly end: () => void } {
    this.assertOpen()
    signal?.throwIfAborted()
    const link = linkSignals([signal])
    this.#open.add(link)
    const end = () => {
      link.unlink()
      this.#open.delete(link)
    }
    return { own: link.signal, end }
  }

  /** Runs the command line; an exit code other than 0 is an error. */
  async run(argv: readonly string[], call: CliCall): Promise<CliResult> {
    const result = await this.cli.run(argv, call)
    if (result.exitCode !== 0) throw this.toError(result, call)
    return result
  }

  toError(result: Pick<CliResult, 'exitCode' | 'stderr'>, call: Pick<CliCall, 'operation' | 'subject'>): Error {
    return toAppleError(result, { ...call, endpoint: this.cli.command })
  }

  /** @throws HostError OPTION_UNSUPPORTED when something is asked of a field that stands in the report's list */
  refuse(field: RefusableField, given: unknown): void {
    if (given !== undefined && given !== false) refuseField(this.runtimeName, field, given, this.details.refuses)
  }

  /** Of a value that another runtime could take. */
  toUnsupported(field: RefusableField, given: string, reason: string): Error {
    return createHostError('OPTION_UNSUPPORTED', { runtime: this.runtimeName, field, given, reason })
  }

  /** Why that field is refused, for errors of other kinds. */
  reasonFor(field: RefusableField): string {
    return findRefusal(field, this.details.refuses)?.reason ?? 'this runtime cannot do it'
  }

  /** @throws HostError RUNTIME_UNAVAILABLE after `close` */
  assertOpen(): void {
    if (this.#isClosed) throw this.#toClosed()
  }

  /** Ends all that is under way and the command lines that are held; containers go on. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const link of this.#open) link.abort(this.#toClosed())
    await Promise.allSettled(this.#calls)
    await this.kept.endSessions()
  }

  #toClosed(): Error {
    const { runtimeName: runtime, packageName, packageVersion } = this.#options
    return createClosedError({ runtime, packageName, packageVersion, endpoint: this.details.command })
  }
}

/** The result, or `undefined` for what is gone. */
export async function orGone<T>(
  run: PromiseLike<T>,
  code: 'CONTAINER_NOT_FOUND' | 'IMAGE_NOT_FOUND' | 'NETWORK_NOT_FOUND' | 'VOLUME_NOT_FOUND',
): Promise<T | undefined> {
  try {
    return await run
  } catch (error) {
    if (isHostError(error, code)) return undefined
    throw error
  }
}
