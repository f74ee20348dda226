import { isDeepStrictEqual } from 'node:util'
import type { ConvergeOptions, ServiceProgress } from '@capstan/core'
import { createHostError, delay, type Operation } from '@capstan/core/plugin'
import type { ClusterService, ServiceCluster } from './cluster-service.js'
import { type ClusterTask, type TaskTemplate, toMissingImageReason } from './cluster-task.js'

/** A call that waits for a service. */
export interface ConvergeCall extends Omit<ConvergeOptions, 'signal'> {
  readonly call: Operation
  readonly service: ClusterService
  /** The template that the call has set. */
  readonly template: TaskTemplate
  /** Whether the call changes a service, which gets its previous settings when the call fails. */
  readonly isChange: boolean
  /** Whether the call replaces the tasks of an earlier template. */
  readonly isRolling: boolean
}

/**
 * Resolves when all tasks of a service run and have run for the monitored time.
 *
 * @throws HostError IMAGE_NOT_FOUND, SERVICE_NOT_CONVERGED, TIMED_OUT as `SwarmManager.createService`
 */
export async function waitUntilConverged(cluster: ServiceCluster, converging: ConvergeCall): Promise<void> {
  const { call, service, onProgress } = converging
  const limitMs = converging.timeoutMs ?? (call.hasCallerSignal ? undefined : defaultLimitMs)
  const startedAt = Date.now()
  let reported: ServiceProgress | undefined
  for (;;) {
    const progress = toProgress(converging)
    if (!isDeepStrictEqual(progress, reported)) onProgress?.(progress)
    reported = progress
    checkFailure(converging, progress)
    if (isComplete(converging, progress) && service.listCurrentTasks().every(({ isStable }) => isStable)) return
    const limitLeftMs = limitMs === undefined ? undefined : startedAt + limitMs - Date.now()
    if (limitLeftMs !== undefined && limitLeftMs <= 0) throw toLimitError(converging, limitMs)
    await waitAtMost(cluster, limitLeftMs, call.signal)
  }
}

function isComplete({ service, isRolling }: ConvergeCall, { running, desired }: ServiceProgress): boolean {
  return running === desired && !(isRolling && service.update?.state === 'updating')
}

function toProgress({ service, template, isRolling }: ConvergeCall): ServiceProgress {
  const own = service.tasks.filter((task) => task.template === template)
  const running = service.template === template ? own.filter((task) => task.isDesired && task.state === 'running') : []
  const desired = service.listSlots().length
  const lastFailed = new Map(
    own
      .filter(isFailed)
      .toReversed()
      .map((task) => [task.slot, task] as const),
  )
  const shown = own.filter((task) => (task.isDesired && task.isLive) || lastFailed.get(task.slot) === task)
  const state = isRolling ? service.update?.state : undefined
  const phase =
    state === 'rollingBack' || state === 'rolledBack'
      ? 'rollingBack'
      : running.length === desired && state !== 'updating'
        ? 'verifying'
        : isRolling
          ? 'updating'
          : 'starting'
  return { running: running.length, desired, phase, tasks: shown.map((task) => task.toInfo()) }
}

function isFailed({ state }: ClusterTask): boolean {
  return state === 'failed' || state === 'rejected' || state === 'complete'
}

/** Throws when the service can no longer converge. */
function checkFailure(converging: ConvergeCall, progress: ServiceProgress): void {
  const { service, template, isRolling } = converging
  const state = isRolling ? service.update?.state : undefined
  if (state === 'rolledBack' || state === 'rollbackPaused' || state === 'paused')
    throw toConvergeError(converging, progress, { rolledBack: state === 'rolledBack' })
  if (state === 'rollingBack') return
  const rejected = service.tasks.filter((task) => task.template === template && task.state === 'rejected')
  if (rejected.length < decidingRejections || progress.running > 0) return
  const { image } = template.config
  if (rejected.every(({ reason }) => reason === toMissingImageReason(image)))
    throw createHostError('IMAGE_NOT_FOUND', { image })
  throw toConvergeError(converging, progress, { rolledBack: converging.isChange })
}

function toConvergeError(
  converging: ConvergeCall,
  { running, desired }: ServiceProgress,
  { rolledBack }: { readonly rolledBack: boolean },
): Error {
  const reasons = listReasons(converging)
  return createHostError('SERVICE_NOT_CONVERGED', {
    service: converging.service.name,
    running,
    desired,
    reasons,
    rolledBack,
  })
}

function toLimitError(converging: ConvergeCall, timeoutMs = defaultLimitMs): Error {
  const { service, template, call } = converging
  const hasFailed = service.tasks.some((task) => task.template === template && isFailed(task))
  if (hasFailed) return toConvergeError(converging, toProgress(converging), { rolledBack: converging.isChange })
  const phase = toProgress(converging).phase
  return createHostError('TIMED_OUT', {
    operation: call.operation,
    phase,
    timeoutMs,
    lastLines: listReasons(converging),
    option: 'timeoutMs',
  })
}

/** Returns the distinct reasons of the tasks, the newest first. */
function listReasons({ service, template }: ConvergeCall): readonly string[] {
  const own = service.tasks.filter((task) => task.template === template)
  return [...new Set(own.flatMap(({ reason }) => reason ?? []))]
}

/** Waits for the next change of the cluster, at most `limitMs` milliseconds; without a limit when it is `undefined`. */
async function waitAtMost(
  cluster: Pick<ServiceCluster, 'waitForChange'>,
  limitMs: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (limitMs === undefined) return await cluster.waitForChange(signal)
  const settled = new AbortController()
  const either = AbortSignal.any([signal, settled.signal])
  try {
    await Promise.race([cluster.waitForChange(either), delay(limitMs + 1, { signal: either, ref: false })])
  } finally {
    settled.abort()
  }
}

/** So many rejected tasks show that further ones would be rejected, too. */
const decidingRejections = 3
const defaultLimitMs = 300_000
