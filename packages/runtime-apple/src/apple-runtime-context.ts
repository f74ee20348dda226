import { type Capability, isHostError, type OperationOptions, type OptionName } from '@capstan/core'
import {
  type ClosedRuntime,
  checkOption,
  createHostError,
  type Environment,
  findUnsupportedOption,
  type Operation,
  type OperationNames,
  OperationScope,
  type StringMap,
} from '@capstan/core/plugin'
import type { AppleDetails } from './apple-details.js'
import { toAppleError } from './apple-errors.js'
import type { AppleTimeouts } from './apple-timeouts.js'
import { AppleCli, type CliCall, type CliResult } from './cli/apple-cli.js'
import { ContainerRecords } from './sessions/container-records.js'

/** What a runtime passes to its context. */
export interface AppleRuntimeContextOptions {
  readonly details: AppleDetails
  readonly runtimeName: string
  readonly ownerLabels: StringMap
  /** For the error of a call after `close`. */
  readonly packageName?: string | undefined
  readonly packageVersion?: string | undefined
  readonly env: Environment
  readonly timeouts: AppleTimeouts
}

/** The state that an open runtime and its managers share: the command, the records of containers, and the operations. */
export class AppleRuntimeContext {
  readonly cli: AppleCli
  readonly details: AppleDetails
  readonly runtimeName: string
  readonly ownerLabels: StringMap
  readonly env: Environment
  readonly timeouts: AppleTimeouts
  readonly records: ContainerRecords = new ContainerRecords()
  readonly operations: OperationScope
  /** The names of this runtime for the error of calls after it is closed. */
  readonly closedRuntime: ClosedRuntime

  constructor(options: AppleRuntimeContextOptions) {
    const { details, runtimeName, ownerLabels, env, timeouts, packageName, packageVersion } = options
    this.timeouts = timeouts
    this.cli = new AppleCli(details.command, env, timeouts)
    this.details = details
    this.runtimeName = runtimeName
    this.ownerLabels = ownerLabels
    this.env = env
    this.closedRuntime = { runtime: runtimeName, packageName, packageVersion, endpoint: details.command }
    this.operations = new OperationScope({ runtime: this.closedRuntime, undoMs: timeouts.undoMs })
  }

  /** Runs one operation: see `OperationScope.run`. */
  call<T>(subject: OperationNames, { signal }: OperationOptions, effect: (call: Operation) => Promise<T>): Promise<T> {
    return this.operations.run(subject, { signal }, effect)
  }

  /** Runs the command to its end. Rejects for an exit code other than 0. */
  async run(argv: readonly string[], call: CliCall): Promise<CliResult> {
    const result = await this.cli.run(argv, call)
    if (result.exitCode !== 0) throw this.toError(result, call)
    return result
  }

  /** Converts the result of a failed run to an error. */
  toError(result: Pick<CliResult, 'exitCode' | 'stderr'>, call: Pick<CliCall, 'operation' | 'subject'>): Error {
    return toAppleError(result, { ...call, endpoint: this.cli.command })
  }

  /** @throws HostError OPTION_UNSUPPORTED if `given` is neither `undefined` nor `false` and the report lists the option */
  checkOption<F extends OptionName>(capability: Capability<object, F>, field: NoInfer<F>, given: unknown): void {
    checkOption(capability, field, given, {
      runtime: this.runtimeName,
      unsupportedOptions: this.details.unsupportedOptions,
    })
  }

  /** Creates OPTION_UNSUPPORTED for a value that only other runtimes accept. */
  toUnsupported(field: OptionName, given: string, reason: string): Error {
    return createHostError('OPTION_UNSUPPORTED', { runtime: this.runtimeName, field, given, reason })
  }

  /** Returns the reason that the report gives for an unsupported option, for an error that is not OPTION_UNSUPPORTED. */
  findReason(field: OptionName): string {
    return findUnsupportedOption(field, this.details.unsupportedOptions)?.reason ?? 'this runtime does not support it'
  }

  /** Ends all operations and sessions. Containers continue to run. */
  async close(): Promise<void> {
    await this.operations.close()
    await this.records.endSessions()
  }
}

/** Settles like `run`, but resolves with `undefined` instead of rejecting with the given code. */
export async function ifPresent<T>(
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
