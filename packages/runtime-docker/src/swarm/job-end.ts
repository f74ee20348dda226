import { isHostError, type JobResult } from '@capstan/core'
import { type Argv, createHostError } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { isImageMissing, readTaskExitCode } from '../engine/docker-error-texts.js'
import { EngineAnswerError } from '../engine/engine-answer-error.js'
import type { SwarmTask } from './swarm-answers.js'

/** A job whose tasks are examined. */
export interface ExaminedJob {
  readonly image: string
  readonly command: Argv | undefined
  /** The task that runs the job: the first one that was seen. */
  readonly first: SwarmTask
}

/**
 * Returns the result of a job when its first task has ended, and `undefined` while it runs or waits. Only that task counts. A
 * swarm may replace it, for example when it has lost the node, and then the job may have run twice.
 *
 * @throws HostError EXIT_CODE_UNKNOWN when the task was stopped, replaced or lost; the error of a task that was not started
 */
export function findJobEnd(
  { engine, call }: { readonly engine: DockerEngine; readonly call: EngineCall },
  { image, command, first }: ExaminedJob,
  { tasks, downNodes }: { readonly tasks: readonly SwarmTask[]; readonly downNodes: ReadonlySet<string> },
): JobResult | undefined {
  const task = tasks.find(({ ID }) => ID === first.ID)
  const unknown = (reason: string) => createHostError('EXIT_CODE_UNKNOWN', { id: first.ID, reason })
  if (task === undefined) throw unknown('another process has removed the job from the cluster')
  const { State, Err = '', ContainerStatus } = task.Status ?? {}
  const end = (exitCode: number): JobResult => ({ exitCode, nodeId: task.NodeID, taskId: task.ID })
  if (State === 'complete') return end(ContainerStatus?.ExitCode ?? 0)
  if (State === 'failed' || State === 'rejected') {
    const exitCode = State === 'failed' ? readTaskExitCode(Err) : undefined
    if (exitCode !== undefined) return end(exitCode)
    throw toStartError(engine, { image, task }, { ...call, subject: task.ID, ...(command && { command }) })
  }
  if (State === 'shutdown' || State === 'remove') throw unknown('the cluster has stopped the task')
  const isLost = State === 'orphaned' || (task.NodeID !== undefined && downNodes.has(task.NodeID))
  if (isLost) throw unknown('the cluster has lost the node of the task, where it may still run')
  if (tasks.length > 1) throw unknown('the cluster has replaced the task, which may still run')
  return undefined
}

/** Translates the text by which a node reports that it did not start a task, as if an engine had answered so to a start. */
function toStartError(
  engine: DockerEngine,
  { image, task }: { readonly image: string; readonly task: SwarmTask },
  call: EngineCall,
): unknown {
  const text = task.Status?.Err || 'the node gives no reason'
  if (isImageMissing(text)) return createHostError('IMAGE_NOT_FOUND', { image })
  const answer = new EngineAnswerError({ status: 500, method: 'POST', path: `/containers/${task.ID}/start`, text })
  const error = engine.translate(answer, call)
  if (!isHostError(error, 'OPERATION_FAILED')) return error
  const facts = { operation: 'runJob', subject: `task ${task.ID}`, status: undefined, reason: text }
  return createHostError('OPERATION_FAILED', facts)
}
