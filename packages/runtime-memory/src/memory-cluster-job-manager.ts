import type { JobConfig, JobManager, JobResult, RunJobOptions } from '@capstan/core'
import {
  CallerStreamWriter,
  checkConfigOptions,
  createHostError,
  type Operation,
  toObjectLabels,
  validateJobConfig,
} from '@capstan/core/plugin'
import type { Cluster } from './cluster/cluster.js'
import { createClusterId } from './cluster/cluster-node.js'
import type { ClusterService } from './cluster/cluster-service.js'
import type { ClusterTask } from './cluster/cluster-task.js'
import { toTaskTemplate } from './cluster/task-template.js'
import { readLog } from './containers/read-logs.js'
import type { MemoryRuntimeContext } from './memory-runtime-context.js'

/** Runs each job as the only task of a service of a simulated cluster, which is removed at the end. */
export class MemoryClusterJobManager implements JobManager {
  readonly #context: MemoryRuntimeContext
  readonly #cluster: Cluster

  constructor(context: MemoryRuntimeContext, cluster: Cluster) {
    this.#context = context
    this.#cluster = cluster
  }

  async runJob(job: JobConfig, options: RunJobOptions = {}): Promise<JobResult> {
    const container = validateJobConfig(job, options)
    const { runtimeName, unsupportedOptions, ownerLabels, engine } = this.#context
    checkConfigOptions(runtimeName, container, unsupportedOptions)
    return await this.#context.call('runJob', options, async (call) => {
      const config = { ...job, name: `job-${createClusterId()}`, replicas: 1 }
      const labels = toObjectLabels({ kind: 'service' }, ownerLabels, job.labels)
      const template = toTaskTemplate(config, { cluster: this.#cluster, networks: engine.networks, labels })
      const service = this.#cluster.createService({ config, template, labels, isJob: true })
      call.undo.add(`job ${service.name}`, () => this.#cluster.removeService(service))
      const result = await this.#runToEnd(service, options, call)
      await this.#cluster.removeService(service)
      return result
    })
  }

  async #runToEnd(service: ClusterService, options: RunJobOptions, call: Operation): Promise<JobResult> {
    const { signal } = call
    const task = await this.#waitForTask(service, options, signal)
    await copyOutput(task, options, call)
    while (task.isLive) await this.#cluster.waitForChange(signal)
    options.onProgress?.(toProgress(task))
    const { id, node, exitCode, state, reason = state, failure } = task
    if (failure !== undefined) throw failure
    if (exitCode === undefined || (state !== 'complete' && state !== 'failed'))
      throw createHostError('EXIT_CODE_UNKNOWN', { id, reason })
    return { exitCode, nodeId: node?.id, taskId: id }
  }

  /** Resolves when the task runs or has ended. */
  async #waitForTask(
    service: ClusterService,
    { onProgress }: RunJobOptions,
    signal: AbortSignal,
  ): Promise<ClusterTask> {
    let shown: string | undefined
    for (;;) {
      const [task] = service.tasks
      const progress = task && toProgress(task)
      if (progress !== undefined && progress.status !== shown) onProgress?.(progress)
      shown = progress?.status
      if (task !== undefined && task.state !== 'pending' && task.state !== 'preparing') return task
      await this.#cluster.waitForChange(signal)
    }
  }
}

function toProgress({ id, state, reason }: ClusterTask) {
  return { id, status: reason === undefined ? state : `${state}: ${reason}` }
}

/** Copies the output of a task to the streams of the caller until it ends. */
async function copyOutput(
  { container }: ClusterTask,
  { stdout, stderr }: RunJobOptions,
  call: Operation,
): Promise<void> {
  const { signal } = call
  if (container === undefined) return
  const out = stdout && new CallerStreamWriter(stdout, call)
  const err = stderr && new CallerStreamWriter(stderr, call)
  try {
    for await (const { source, bytes } of readLog(container, { follow: true, signal })) {
      const writer = source === 'stderr' ? err : out
      writer?.write(bytes)
      await writer?.waitForWrites(signal)
    }
  } finally {
    out?.release()
    err?.release()
  }
}
