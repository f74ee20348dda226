import { randomUUID } from 'node:crypto'
import type { JobConfig, JobResult, RunJobOptions } from '@capstan/core'
import { type Operation, toObjectLabels } from '@capstan/core/plugin'
import type { DockerEngine } from '../engine/docker-engine.js'
import { sendCreateService } from './create-service.js'
import { findJobEnd } from './job-end.js'
import { JobOutput } from './job-output.js'
import { deleteService } from './remove-service.js'
import type { ServiceSpec, SwarmTask } from './swarm-answers.js'
import { toTaskTemplate } from './task-template.js'
import type { TaskWatch } from './task-watch.js'
import { toNewestFirst } from './tasks.js'

/**
 * Runs a job as a service with one task that is not restarted, and removes the service. The state of the service does not show
 * that its task has ended, so the task is watched.
 */
export async function runJob(
  { engine, watch, watchLabels }: JobRunner,
  config: JobConfig,
  options: RunJobOptions,
  call: Operation,
): Promise<JobResult> {
  const spec = await toJobSpec(engine, { config, watchLabels }, call)
  const id = await sendCreateService(engine, { spec, config }, call)
  const output = new JobOutput(engine, options, call)
  try {
    const end = watch.until(id, createObserver({ engine, config, options, output, call }), call)
    const result = await Promise.race([end, output.failed])
    await output.finish(result.taskId)
    await deleteService(engine, { ...call, subject: id })
    return result
  } finally {
    await output.finish(undefined).catch(() => {}) // the job rejects with its own error
  }
}

/** What all jobs of a runtime share. */
export interface JobRunner {
  readonly engine: DockerEngine
  readonly watch: TaskWatch
  /** The labels by which `watch` finds the tasks. */
  readonly watchLabels: Readonly<Record<string, string>>
}

interface Observed extends Pick<JobRunner, 'engine'> {
  readonly config: JobConfig
  readonly options: RunJobOptions
  readonly output: JobOutput
  readonly call: Operation
}

/** Returns a function that follows the output, reports the progress and finds the end of a job in its tasks. */
function createObserver({ engine, config, options: { onProgress }, output, call }: Observed) {
  const { image, command, entrypoint } = config
  let first: SwarmTask | undefined
  let reported = ''
  return (tasks: readonly SwarmTask[], downNodes: ReadonlySet<string>): JobResult | undefined => {
    first ??= toNewestFirst(tasks).at(-1)
    if (first === undefined) return undefined
    const { ID = first.ID, Status: { State = '', Err = '' } = {} } = tasks.find(({ ID }) => ID === first?.ID) ?? {}
    const status = Err === '' ? State : `${State}: ${Err}`
    if (status !== reported && status !== '') onProgress?.({ id: ID, status })
    reported = status
    if (State === 'running') output.follow(ID)
    return findJobEnd({ engine, call }, { image, command: entrypoint ?? command, first }, { tasks, downNodes })
  }
}

/** Returns the settings of the service that runs a job. Rejects with SECRET_NOT_FOUND or CONFIG_NOT_FOUND. */
async function toJobSpec(
  engine: DockerEngine,
  { config, watchLabels }: Pick<JobRunner, 'watchLabels'> & { readonly config: JobConfig },
  call: Operation,
): Promise<ServiceSpec> {
  const labels = toObjectLabels({ kind: 'service' }, engine.ownerLabels, config.labels)
  const template = await toTaskTemplate(engine, { config, labels }, call)
  return {
    Name: `capstan-job-${randomUUID()}`,
    Labels: { ...labels, ...watchLabels },
    Mode: { ReplicatedJob: { MaxConcurrent: 1, TotalCompletions: 1 } },
    TaskTemplate: {
      ...template,
      // A swarm ends a task that is not healthy, and reports a task with a health check late as running.
      ContainerSpec: { ...template.ContainerSpec, StopGracePeriod: stopGraceNs, Healthcheck: { Test: ['NONE'] } },
      RestartPolicy: { Condition: 'none', MaxAttempts: 0 },
    },
  }
}

/** As for a container of a job that is aborted. */
const stopGraceNs = 1e9
