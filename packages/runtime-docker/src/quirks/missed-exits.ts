import { isHostError } from '@capstan/core'
import { createHostError, delay, untilAborted } from '@capstan/core/plugin'
import { hasEnded } from '../containers/inspection/convert-container.js'
import { findExitEvents } from '../containers/inspection/exit-event.js'
import { findContainer } from '../containers/inspection/inspect-container.js'
import type { InspectedContainer } from '../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { isInconclusive } from '../engine/is-inconclusive.js'

/** Returns the condition of a wait. Podman 4.3 answers the condition `removed` with 0 for any removed container. */
export function toWaitCondition(
  { details }: Pick<DockerEngine, 'details'>,
  condition: WatchOptions['condition'],
): WatchOptions['condition'] {
  return details.quirks.missesExits ? 'next-exit' : condition
}

/**
 * Finds the exit code on an engine with the quirk `missesExits`, and returns `undefined` on any other engine.
 *
 * Resolves with the code in the answer to the wait, or else in the inspection, or else in the events, and with
 * `replaced` when a start under firewall rules has replaced the container. Rejects with EXIT_CODE_UNKNOWN when none of
 * them has the code, and with CONNECTION_LOST when the connection to the wait ends.
 *
 * With the condition `removed` it then waits for the removal, at most about 5 s.
 */
export function watchMissedExit(
  engine: DockerEngine,
  call: EngineCall,
  options: WatchOptions,
): Promise<ExitResult> | undefined {
  return engine.details.quirks.missesExits ? pollExit(engine, call, options) : undefined
}

/**
 * Polls on an engine with the quirk `missesExits`, and resolves with `true` when the container does not run. Resolves
 * with `false` at once on any other engine. Does not keep the process of the caller running.
 */
export async function pollUntilEnded(engine: DockerEngine, call: EngineCall): Promise<boolean> {
  if (!engine.details.quirks.missesExits) return false
  while ((await findContainer(engine, call))?.State?.Running === true)
    await delay(betweenEndsMs, { signal: call.signal, ref: false })
  return true
}

async function pollExit(engine: DockerEngine, call: EngineCall, options: WatchOptions): Promise<ExitResult> {
  const { answered, condition } = options
  const code = await Promise.race([pollInspections(engine, call, options), untilAnswered(answered)])
  if (condition === 'removed' && code !== 'replaced') await untilRemoved(engine, call)
  return code
}

/** An exit code, or the report that a start under firewall rules has replaced the container. */
export type ExitResult = number | 'replaced'

export interface WatchOptions {
  /** The answer to the wait. */
  readonly answered: Promise<number>
  readonly condition: 'next-exit' | 'removed'
  readonly openedAt: number | undefined
  readonly endedBefore?: string | undefined
}

/**
 * Resolves with the exit code in the answer. Never settles when the wait failed or its answer has no exit code, so that
 * polling decides. Rejects with CONNECTION_LOST.
 */
async function untilAnswered(answered: Promise<number>): Promise<number> {
  const code = await answered.catch((error: unknown) => {
    if (isHostError(error, 'CONNECTION_LOST')) throw error
    return -1
  })
  return code < 0 ? new Promise(() => {}) : code
}

async function pollInspections(
  engine: DockerEngine,
  call: EngineCall,
  { openedAt, endedBefore }: WatchOptions,
): Promise<ExitResult> {
  await untilAborted(call.pingAfter ?? Promise.resolve(), call.signal)
  const engineId = engine.containers.toEngineId(call.subject)
  for (let waitMs = firstIntervalMs; ; waitMs = Math.min(waitMs * 1.5, longestIntervalMs)) {
    await delay(waitMs, call)
    if (engine.containers.toEngineId(call.subject) !== engineId) return 'replaced'
    const seen = await inspect(engine, call)
    if (seen === 'removed') return readExitEvent(engine, call, openedAt)
    if (seen === 'unknown' || !hasEnded(seen) || seen.State?.FinishedAt === endedBefore) continue
    if (typeof seen.State?.ExitCode === 'number') return seen.State.ExitCode
  }
}

/**
 * Inspects the container. Resolves with `unknown` if that failed without telling whether the container exists: no
 * answer in time, an error of the engine, or no free connection.
 */
async function inspect(engine: DockerEngine, call: EngineCall): Promise<InspectedContainer | 'removed' | 'unknown'> {
  try {
    const seen = await findContainer(engine, { ...call, timeoutMs: engine.timeouts.inspectAnswerMs })
    return seen ?? 'removed'
  } catch (error) {
    call.signal?.throwIfAborted()
    if (isInconclusive(error)) return 'unknown'
    throw error
  }
}

async function readExitEvent(engine: DockerEngine, call: EngineCall, since: number | undefined): Promise<number> {
  const last = (await findExitEvents(engine, { ...call, since })).at(-1)
  if (last !== undefined) return last.exitCode
  const reason = 'it was removed during the wait'
  throw createHostError('EXIT_CODE_UNKNOWN', { id: call.subject, reason })
}

/** Waits for the removal, which follows the exit shortly, up to a limit. */
async function untilRemoved(engine: DockerEngine, call: EngineCall): Promise<void> {
  for (let attempt = 0; attempt < mostInspections; attempt += 1) {
    if ((await inspect(engine, call)) === 'removed') return
    await delay(firstIntervalMs, call)
  }
}

const betweenEndsMs = 500
const firstIntervalMs = 100
const longestIntervalMs = 2_000
const mostInspections = 50
