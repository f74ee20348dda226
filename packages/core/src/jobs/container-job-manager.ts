import type { JobConfig, JobManager, JobResult, RunJobOptions } from '../contract/managers/job-manager.js'
import { jobManagerCapability } from '../contract/managers/job-manager.js'
import type { UnsupportedOption } from '../contract/probe.js'
import type { Runtime } from '../contract/runtime.js'
import type { ClosedRuntime } from '../errors/create-closed-error.js'
import { type Operation, OperationScope } from '../operation/operation-scope.js'
import { untilAborted } from '../operation/signals/until-aborted.js'
import { checkOption } from '../plugins/unsupported-options.js'
import { validateJobConfig } from '../validation/job-config.js'

/**
 * Runs each job as a container of one engine, which is created, started with its streams attached, and removed. A runtime that
 * is not a cluster can provide it as `jobManagerCapability`, with {@link unsupportedJobOptions} in its unsupported options.
 */
export class ContainerJobManager implements JobManager, AsyncDisposable {
  readonly #runtime: JobRuntime
  readonly #runtimeName: string
  readonly #operations: OperationScope

  /** `closed`: the runtime, for error messages and the error of calls after the manager is disposed. */
  constructor(runtime: JobRuntime, closed: ClosedRuntime) {
    this.#runtime = runtime
    this.#runtimeName = closed.runtime
    this.#operations = new OperationScope({ runtime: closed })
  }

  async runJob(config: JobConfig, options: RunJobOptions = {}): Promise<JobResult> {
    const container = validateJobConfig(config, options)
    const support = { runtime: this.#runtimeName, unsupportedOptions: unsupportedJobOptions }
    const { constraints, secrets, configs } = config
    checkOption(jobManagerCapability, 'job-manager.constraints', toUsed(constraints), support)
    checkOption(jobManagerCapability, 'job-manager.secrets', toUsed(secrets), support)
    checkOption(jobManagerCapability, 'job-manager.configs', toUsed(configs), support)
    const names = { operation: 'runJob', subject: config.image }
    return await this.#operations.run(names, options, async (call) => {
      const { onProgress } = options
      const id = await this.#runtime.createContainer(container, { ...toOwn(call), ...(onProgress && { onProgress }) })
      call.undo.add('container', (own) => this.#runtime.removeContainer(id, own))
      const exitCode = await this.#runToEnd(id, options, call)
      await this.#runtime.removeContainer(id, toOwn(call))
      return { exitCode, nodeId: undefined, taskId: id }
    })
  }

  /** Removes the running jobs, which reject with RUNTIME_UNAVAILABLE. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#operations.close()
  }

  async #runToEnd(id: string, { stdout, stderr }: RunJobOptions, call: Operation): Promise<number> {
    const streams = { ...(stdout && { stdout }), ...(stderr && { stderr }) }
    const ended = this.#runtime.startAttached(id, { ...streams, ...toOwn(call) })
    // Without a signal of the caller only the end of the manager aborts, and the undo of the container ends the process.
    return await (call.hasCallerSignal ? ended : untilAborted(ended, call.signal))
  }
}

/** The methods of a runtime that {@link ContainerJobManager} uses. */
export type JobRuntime = Pick<Runtime, 'createContainer' | 'startAttached' | 'removeContainer'>

const reason = 'a job is a container of one engine, which has no nodes'
const remedy = 'connect to a manager node of a cluster'

/** The options that {@link ContainerJobManager} does not support. */
export const unsupportedJobOptions: readonly UnsupportedOption[] = [
  { field: 'job-manager.constraints', reason, remedy },
  { field: 'job-manager.secrets', reason, remedy },
  { field: 'job-manager.configs', reason, remedy },
]

function toUsed<T>(list: readonly T[] | undefined): readonly T[] | undefined {
  return list === undefined || list.length === 0 ? undefined : list
}

/** Returns the options for a call of the runtime, which keeps its own limits unless the caller passes a signal. */
function toOwn({ hasCallerSignal, signal }: Operation): { readonly signal?: AbortSignal } {
  return hasCallerSignal ? { signal } : {}
}
