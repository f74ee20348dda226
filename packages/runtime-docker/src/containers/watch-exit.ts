import { isHostError } from '@capstan/core'
import { createHostError, delay, untilAborted } from '@capstan/core/plugin'
import type { InspectedContainer } from '../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { isInconclusive } from '../engine/is-inconclusive.js'
import { hasEnded } from './container-shapes.js'
import { findExitEventCode } from './exit-event.js'
import { findContainer } from './inspect-container.js'

/**
 * The exit code of a container on an engine that may miss its exit: by the wait's answer if it comes, else by what the
 * container itself shows, else by the events, else EXIT_CODE_UNKNOWN. Where it is to be removed, it is gone by then.
 */
export async function watchExit(engine: DockerEngine, call: EngineCall, options: WatchOptions): Promise<number> {
  const { answered, condition } = options
  const code = await Promise.race([look(engine, call, options), untilTold(answered)])
  if (condition === 'removed') await untilGone(engine, call)
  return code
}

export interface WatchOptions {
  /** Of the wait. */
  readonly answered: Promise<number>
  readonly condition: 'next-exit' | 'removed'
  readonly openedAt: number | undefined
  readonly endedBefore?: string | undefined
}

/** An answer that is no code, and a wait that failed, leave it to the looks; but a connection that is lost is lost. */
async function untilTold(answered: Promise<number>): Promise<number> {
  const code = await answered.catch((error: unknown) => {
    if (isHostError(error, 'CONNECTION_LOST')) throw error
    return -1
  })
  return code < 0 ? new Promise(() => {}) : code
}

async function look(engine: DockerEngine, call: EngineCall, { openedAt, endedBefore }: WatchOptions): Promise<number> {
  await untilAborted(call.livenessAfter ?? Promise.resolve(), call.signal)
  const engineId = engine.containers.toEngineId(call.subject)
  for (let waitMs = firstLookMs; ; waitMs = Math.min(waitMs * 1.5, lastLookMs)) {
    await delay(waitMs, call)
    // Replaced for a start under firewall rules: the caller inspects it, and waits for its successor.
    if (engine.containers.toEngineId(call.subject) !== engineId) return 0
    const seen = await inspect(engine, call)
    if (seen === 'gone') return readDeath(engine, call, openedAt)
    if (seen === 'unknown' || !hasEnded(seen) || seen.State?.FinishedAt === endedBefore) continue
    if (typeof seen.State?.ExitCode === 'number') return seen.State.ExitCode
  }
}

/** `unknown` for an inspection that is not answered in time: a busy engine answers the next one. */
async function inspect(engine: DockerEngine, call: EngineCall): Promise<InspectedContainer | 'gone' | 'unknown'> {
  try {
    const seen = await findContainer(engine, { ...call, timeoutMs: engine.timeouts.inspectAnswerMs })
    return seen ?? 'gone'
  } catch (error) {
    call.signal?.throwIfAborted()
    if (isInconclusive(error)) return 'unknown'
    throw error
  }
}

async function readDeath(engine: DockerEngine, call: EngineCall, since: number | undefined): Promise<number> {
  const code = await findExitEventCode(engine, { ...call, since })
  if (code !== undefined) return code
  const reason = 'it was removed while it was waited for'
  throw createHostError('EXIT_CODE_UNKNOWN', { id: call.subject, reason })
}

/** The engine removes it a moment after its end; one that stays is not waited for any longer. */
async function untilGone(engine: DockerEngine, call: EngineCall): Promise<void> {
  for (let attempt = 0; attempt < mostLooks; attempt += 1) {
    if ((await inspect(engine, call)) === 'gone') return
    await delay(firstLookMs, call)
  }
}

const firstLookMs = 100
const lastLookMs = 2_000
const mostLooks = 50
