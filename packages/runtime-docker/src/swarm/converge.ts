import type { ConvergeOptions, ServiceProgress, TaskInfo } from '@capstan/core'
import { createHostError, delay, type Operation } from '@capstan/core/plugin'
import type { DockerEngine } from '../engine/docker-engine.js'
import { isImageMissing } from '../engine/docker-error-texts.js'
import { toMonitorMs } from './service-spec.js'
import { inspectSwarmService, toReplicas } from './services.js'
import type { SwarmService, SwarmTask } from './swarm-answers.js'
import { findLostNodes, isActive, isDesired, listSwarmTasks, toNewestFirst, toTaskInfo } from './tasks.js'

/** The service to wait for. */
export interface Awaited {
  /** The id of the service. */
  readonly id: string
  /** The tasks before an update, which do not count. `undefined` for a new service. */
  readonly earlier: ReadonlySet<string> | undefined
}

/**
 * Waits until a service has converged: as many tasks with its settings run as it has replicas, all others have ended, and none fails
 * for the time of `update.monitorMs`. A swarm reports tasks only on request, so they are polled.
 *
 * Rejects with IMAGE_NOT_FOUND or SERVICE_NOT_CONVERGED when three tasks were rejected for one reason while none runs, with
 * SERVICE_NOT_CONVERGED when the swarm pauses or rolls back the update, and after the time limit with SERVICE_NOT_CONVERGED if a task
 * failed, else with TIMED_OUT. Clears `undo` when the swarm itself has ended the update.
 */
export async function waitUntilConverged(
  engine: DockerEngine,
  { id, earlier }: Awaited,
  { timeoutMs, onProgress }: ConvergeOptions,
  call: Operation,
): Promise<void> {
  const limitMs = timeoutMs ?? (call.hasCallerSignal ? Number.POSITIVE_INFINITY : defaultConvergeMs)
  const start = performance.now()
  const isChange = earlier !== undefined
  const failures = new Map<string, string>()
  const report = toReporter(onProgress)
  let stableSince: number | undefined
  let stableIds = ''
  for (;;) {
    const seen = await observe(engine, { id, earlier }, call)
    const { service, running, desired, tasks, current, wantedIds } = seen
    for (const task of current) if (hasFailed(task)) failures.set(task.id, toReason(task))
    const facts = {
      service: service.Spec.Name,
      running,
      desired,
      reasons: [...new Set([...failures.values()].reverse())],
    }
    const state = service.UpdateStatus?.State
    if (state === 'paused' || state === 'rollback_paused' || state === 'rollback_completed') {
      const reasons = facts.reasons.length > 0 ? facts.reasons : [service.UpdateStatus?.Message ?? state]
      call.undo.clear()
      throw createHostError('SERVICE_NOT_CONVERGED', { ...facts, reasons, rolledBack: state === 'rollback_completed' })
    }
    const isUpdating = state === 'updating' || state === 'rollback_started'
    // The undo of a change restores the previous settings.
    if (running === 0 && !isUpdating) throwIfRejected(current, { ...facts, rolledBack: isChange })
    const isConverged = !isUpdating && seen.isConverged
    const now = performance.now()
    // The time begins again when another task replaces one that has failed.
    if (!isConverged) stableSince = undefined
    else if (stableSince === undefined || wantedIds !== stableIds) stableSince = now
    stableIds = wantedIds
    const phase = toPhase(state, { isConverged, isChange })
    report({ running, desired, phase, tasks })
    const monitorMs = Math.max(toMonitorMs(service.Spec), desired === 0 ? noTaskMs : 0)
    if (stableSince !== undefined && now - stableSince >= monitorMs) return
    if (now - start >= limitMs) throw toTimeout({ facts: { ...facts, rolledBack: isChange }, tasks, limitMs }, call)
    const leftMs = stableSince === undefined ? pollMs : stableSince + monitorMs - now
    await delay(Math.min(pollMs, leftMs, start + limitMs - now), call)
  }
}

/** The state of a service at one time. */
interface Observation {
  readonly service: SwarmService
  readonly running: number
  readonly desired: number
  /** The tasks for `onProgress`. */
  readonly tasks: readonly TaskInfo[]
  /** The tasks with the current settings, also ended ones. */
  readonly current: readonly TaskInfo[]
  /** The ids of the tasks that are to run. */
  readonly wantedIds: string
  readonly isConverged: boolean
}

async function observe(engine: DockerEngine, { id, earlier }: Awaited, call: Operation): Promise<Observation> {
  const about = { ...call, subject: id }
  const [service, all, upToDate] = await Promise.all([
    inspectSwarmService(engine, about),
    listSwarmTasks(engine, { service: id }, about),
    listSwarmTasks(engine, { service: id, isUpToDate: true }, about),
  ])
  const lostNodes = await findLostNodes(engine, all, about)
  const wanted = upToDate.filter(isDesired)
  const replicas = toReplicas(service.Spec)
  const desired = replicas === 'one-per-node' ? wanted.length : replicas
  const running = wanted.filter(({ DesiredState, Status }) => DesiredState === 'running' && Status?.State === 'running')
  const ending = all.filter((task) => isActive(task) && !isDesired(task) && !lostNodes.has(task.NodeID ?? ''))
  // During an update, tasks with the previous settings are also to run.
  const outdated = all.filter((task) => isDesired(task) && !wanted.some(({ ID }) => ID === task.ID))
  const current = toNewestFirst([...upToDate, ...all.filter((task) => isEndedSince(task, upToDate))])
    .filter(({ ID }) => earlier?.has(ID) !== true)
    .map((task) => toTaskInfo(task, lostNodes))
  return {
    service,
    running: running.length,
    desired,
    tasks: [...toNewestFirst(wanted).map((task) => toTaskInfo(task, lostNodes)), ...findLastFailed(current)],
    current,
    wantedIds: toNewestFirst(wanted)
      .map(({ ID }) => ID)
      .join(),
    isConverged:
      running.length === desired && wanted.length === desired && ending.length === 0 && outdated.length === 0,
  }
}

/** After a rollback the tasks with the settings of the update are no longer those with the current ones. */
function isEndedSince(task: SwarmTask, upToDate: readonly SwarmTask[]): boolean {
  return !isDesired(task) && !upToDate.some(({ ID }) => ID === task.ID)
}

/** Finds the last failed task of each slot, or of each node for a service with one task per node. `current`: the newest first. */
function findLastFailed(current: readonly TaskInfo[]): readonly TaskInfo[] {
  const failed = new Map<number | string | undefined, TaskInfo>()
  for (const task of current) {
    const place = task.slot ?? task.nodeId
    if (hasFailed(task) && !task.isDesired && !failed.has(place)) failed.set(place, task)
  }
  return [...failed.values()]
}

function hasFailed({ state }: TaskInfo): boolean {
  return state === 'failed' || state === 'rejected'
}

function toReason({ reason, state, exitCode }: TaskInfo): string {
  if (reason !== undefined) return reason
  if (exitCode !== undefined) return `the task exited with code ${exitCode}`
  return state === 'rejected' ? 'a node rejected the task' : 'the task has failed'
}

interface Facts {
  readonly service: string
  readonly running: number
  readonly desired: number
  readonly reasons: readonly string[]
}

/** A swarm replaces rejected tasks without a limit, so a few rejections for one reason count as final. */
function throwIfRejected(current: readonly TaskInfo[], facts: Facts & { readonly rolledBack: boolean }): void {
  const rejected = current.filter(({ state }) => state === 'rejected')
  for (const { reason, image } of rejected) {
    if (rejected.filter((other) => other.reason === reason).length < decidingRejections) continue
    if (reason !== undefined && isImageMissing(reason)) throw createHostError('IMAGE_NOT_FOUND', { image })
    throw createHostError('SERVICE_NOT_CONVERGED', facts)
  }
}

interface TimeoutFacts {
  readonly facts: Facts & { readonly rolledBack: boolean }
  readonly tasks: readonly TaskInfo[]
  readonly limitMs: number
}

function toTimeout({ facts, tasks, limitMs }: TimeoutFacts, { operation }: Operation): unknown {
  if (facts.reasons.length > 0) return createHostError('SERVICE_NOT_CONVERGED', facts)
  const reasons = [...new Set(tasks.flatMap(({ reason }) => reason ?? []))]
  const phase = `${facts.running} of ${facts.desired} tasks run`
  return createHostError('TIMED_OUT', { operation, phase, timeoutMs: limitMs, lastLines: reasons, option: 'timeoutMs' })
}

function toPhase(
  state: string | undefined,
  { isConverged, isChange }: { readonly isConverged: boolean; readonly isChange: boolean },
): ServiceProgress['phase'] {
  if (state === 'rollback_started') return 'rollingBack'
  if (isConverged) return 'verifying'
  return isChange ? 'updating' : 'starting'
}

/** Reports each change once. */
function toReporter(onProgress: ConvergeOptions['onProgress']): (progress: ServiceProgress) => void {
  let last = ''
  return (progress) => {
    const { running, desired, phase, tasks } = progress
    const text = JSON.stringify([running, desired, phase, tasks.map(({ id, state, reason }) => [id, state, reason])])
    if (text === last) return
    last = text
    onProgress?.(progress)
  }
}

const pollMs = 200
/** For a service without tasks, whose tasks may not have been created yet. */
const noTaskMs = 1000
const defaultConvergeMs = 300_000
const decidingRejections = 3
