import { randomUUID } from 'node:crypto'
import { isHostError, type JobConfig, type JobResult, type RunJobOptions } from '@capstan/core'
import { createHostError, type Operation, poll, toObjectLabels } from '@capstan/core/plugin'
import { withAbortGrace } from '../engine/abort-grace.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { findMissingNetwork } from '../engine/docker-error-texts.js'
import { hasKnownOutcome } from '../engine/has-known-outcome.js'
import type { ClusterTask } from './cluster-task.js'
import { findJobEnd } from './job-end.js'
import { JobOutput } from './job-output.js'
import { toPullHeaders, toTaskTemplate } from './task-template.js'
import { listDownNodes, type TaskWatch } from './task-watch.js'

/**
 * Runs a job as a service with one task that is not restarted, and removes the service. The service tells nothing about the end
 * of its task, so the task is watched.
 */
export async function runJob(
  { engine, watch, watchLabels }: JobRunner,
  config: JobConfig,
  options: RunJobOptions,
  call: Operation,
): Promise<JobResult> {
  const service = await createService(engine, { config, watchLabels }, call)
  const output = new JobOutput(engine, options, call)
  try {
    const end = watch.until(service.id, createObserver({ engine, config, options, output, call }), call)
    const result = await Promise.race([end, output.failed])
    await output.finish(result.taskId)
    await removeService(engine, service.name, call)
    return result
  } finally {
    await output.finish(undefined).catch(() => {}) // the failure is that of the job
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
  let first: ClusterTask | undefined
  let reported = ''
  return (tasks: readonly ClusterTask[], downNodes: ReadonlySet<string>): JobResult | undefined => {
    first ??= tasks.toSorted((a, b) => a.CreatedAt.localeCompare(b.CreatedAt))[0]
    if (first === undefined) return undefined
    const { ID = first.ID, Status: { State = '', Err = '' } = {} } = tasks.find(({ ID }) => ID === first?.ID) ?? {}
    const status = Err === '' ? State : `${State}: ${Err}`
    if (status !== reported && status !== '') onProgress?.({ id: ID, status })
    reported = status
    if (State === 'running') output.follow(ID)
    return findJobEnd({ engine, call }, { image, command: entrypoint ?? command, first }, { tasks, downNodes })
  }
}

async function createService(
  engine: DockerEngine,
  { config, watchLabels }: Pick<JobRunner, 'watchLabels'> & { readonly config: JobConfig },
  call: Operation,
): Promise<{ readonly id: string; readonly name: string }> {
  const name = `capstan-job-${randomUUID()}`
  const labels = toObjectLabels({ kind: 'service' }, engine.ownerLabels, config.labels)
  const [template, headers] = await Promise.all([
    toTaskTemplate(engine, { config, labels }, call),
    toPullHeaders(engine, config.image, call),
  ])
  const body = {
    Name: name,
    Labels: { ...labels, ...watchLabels },
    Mode: { ReplicatedJob: { MaxConcurrent: 1, TotalCompletions: 1 } },
    TaskTemplate: {
      ...template,
      // The cluster would end a task that is not healthy, and a task with a health check starts late.
      ContainerSpec: { ...template.ContainerSpec, StopGracePeriod: stopGraceNs, Healthcheck: { Test: ['NONE'] } },
      RestartPolicy: { Condition: 'none', MaxAttempts: 0 },
    },
  }
  const addUndo = () => call.undo.add(`job ${name}`, (own) => undoService(engine, name, { ...call, ...own }))
  try {
    const { ID } = await withAbortGrace(engine, call, (graceCall) =>
      engine.sendJson<{ readonly ID: string }>({
        ...graceCall,
        method: 'POST',
        path: '/services/create',
        body,
        ...(headers && { headers }),
      }),
    )
    addUndo()
    return { id: ID, name }
  } catch (error) {
    if (!hasKnownOutcome(error, call)) addUndo()
    throw explainCreateError(error)
  }
}

/** A cluster reports an unknown network with status 500. */
function explainCreateError(error: unknown): unknown {
  const id = isHostError(error, 'OPERATION_FAILED') ? findMissingNetwork(error) : undefined
  return id === undefined ? error : createHostError('NETWORK_NOT_FOUND', { id }, { cause: error })
}

/** Removes the service, which may appear only after an aborted request, and waits until its tasks are gone. */
async function undoService(engine: DockerEngine, name: string, call: EngineCall): Promise<void> {
  const { lateResultMs } = engine.timeouts
  const remove = async () => ((await removeService(engine, name, call)) ? true : undefined)
  await poll(remove, { limitMs: lateResultMs, signal: call.signal })
  await poll(async () => ((await hasTasks(engine, name, call)) ? undefined : true), {
    limitMs: goneMs,
    signal: call.signal,
  })
}

/** Resolves with whether there was a service to remove. The containers of its tasks are removed by their nodes. */
async function removeService(engine: DockerEngine, name: string, call: EngineCall): Promise<boolean> {
  try {
    await engine.sendJson({ ...call, subject: name, method: 'DELETE', path: `/services/${name}` })
    return true
  } catch (error) {
    if (isHostError(error, 'OPERATION_FAILED') && error.facts.status === 404) return false
    if (isHostError(error, 'SERVICE_NOT_FOUND')) return false
    throw error
  }
}

/** Whether a task of the removed service is left on a node that the cluster has not lost. */
async function hasTasks(engine: DockerEngine, name: string, call: EngineCall): Promise<boolean> {
  const query = { filters: { name: [name] } }
  const tasks = await engine.sendJson<readonly ClusterTask[]>({ ...call, method: 'GET', path: '/tasks', query })
  if (tasks.length === 0) return false
  const down = await listDownNodes(engine, call)
  return tasks.some(({ NodeID }) => NodeID !== undefined && !down.has(NodeID))
}

/** As for a container of a job that is aborted. */
const stopGraceNs = 1e9
const goneMs = 15_000
