import type { IncomingMessage } from 'node:http'
import { isHostError } from '@capstan/core'
import { createHostError, delay, linkSignals, untilAborted } from '@capstan/core/plugin'
import { AnswerFormatError } from '../engine/answer-format-error.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { isInconclusive } from '../engine/is-inconclusive.js'
import { parseDate } from '../engine/ping.js'
import { readBody } from '../engine/read-body.js'
import { hasFeature } from '../quirks/api-features.js'
import { type ExitResult, toWaitCondition, watchMissedExit } from '../quirks/missed-exits.js'
import { hasEnded } from './inspection/convert-container.js'
import { findExitEvents } from './inspection/exit-event.js'
import { findContainer, inspectContainer } from './inspection/inspect-container.js'

/** A wait that the engine has accepted. Later exits are not missed. */
export interface PendingExit {
  /**
   * The exit code, or `replaced` when a start under firewall rules has replaced the container: then wait for the new
   * one. Rejects with CONNECTION_LOST when the connection ends before the exit, with EXIT_CODE_UNKNOWN when the
   * container was removed, and with OPERATION_FAILED for an error of the engine.
   */
  readonly exitCode: Promise<ExitResult>
  /** The time at which the engine accepted the wait, by its own clock, in seconds. */
  readonly openedAt: number | undefined
  /** Cancels the wait. `exitCode` then rejects, which may be ignored: it has a rejection handler. */
  close(): void
}

/**
 * Opens a wait. Resolves when the engine has accepted it, and rejects with CONTAINER_NOT_FOUND if the container does
 * not exist.
 */
export async function openWait(engine: DockerEngine, options: WaitOptions): Promise<PendingExit> {
  const { call } = options
  const condition = toWaitCondition(engine, options.condition)
  const linked = linkSignals([call.signal])
  const { signal } = linked
  const close = () => {
    linked.abort()
    linked.unlink()
  }
  try {
    const path = `/containers/${call.subject}/wait`
    const response = await engine.send({ ...call, signal, method: 'POST', path, query: { condition } })
    const openedAt = parseDate(response.headers.date)
    const own = { ...call, signal }
    const answered = readExit(engine, response, call).then((code) => confirmExit(engine, own, { code, openedAt }))
    const polled = watchMissedExit(engine, own, { ...options, openedAt, answered })
    const exitCode = (polled ?? Promise.race([answered, watchContainer(engine, own)])).finally(close)
    // A wait that is cancelled early rejects without a listener.
    exitCode.catch(() => {})
    return { exitCode, openedAt, close }
  } catch (error) {
    linked.unlink()
    throw error
  }
}

export interface WaitOptions {
  readonly call: EngineCall
  /** `removed` also waits until the engine has removed the container because of `autoRemove`. */
  readonly condition: 'next-exit' | 'removed'
  /** The time of the last exit in the engine's format. That exit is ignored. */
  readonly endedBefore?: string | undefined
}

async function readExit(engine: DockerEngine, response: IncomingMessage, call: EngineCall): Promise<number> {
  let answer: ExitAnswer
  try {
    answer = parseExit(await readBody(response))
  } catch (cause) {
    throw engine.translate(cause, call)
  }
  const { Error: failure, StatusCode } = answer
  const { operation, subject } = call
  if (failure?.Message) {
    throw createHostError('OPERATION_FAILED', { operation, subject, status: 200, reason: failure.Message })
  }
  return StatusCode
}

/**
 * Confirms the code in the answer to a wait that the engine accepted at `openedAt`. On an engine without the feature
 * `ownExitCodes`, a 0 for a container that has started again is replaced by the code in the events.
 */
async function confirmExit(
  engine: DockerEngine,
  call: EngineCall,
  { code, openedAt }: { readonly code: number; readonly openedAt: number | undefined },
): Promise<number> {
  if (code !== 0 || openedAt === undefined || hasFeature(engine.apiVersion, 'ownExitCodes')) return code
  const container = await findContainer(engine, call)
  if (container === undefined || (hasEnded(container) && !container.RestartCount)) return code
  const exits = await findExitEvents(engine, { ...call, since: openedAt })
  return exits.find(({ time }) => time >= openedAt)?.exitCode ?? code
}

interface ExitAnswer {
  readonly StatusCode: number
  readonly Error?: { readonly Message?: string } | null
}

function parseExit(text: string): ExitAnswer {
  // The headers arrive at once and the body at the exit. An empty body means that the connection was lost.
  if (text.trim() === '')
    throw Object.assign(new Error('the answer ended before the exit code'), { code: 'ECONNRESET' })
  const answer: unknown = JSON.parse(text)
  if (typeof answer === 'object' && answer !== null && 'StatusCode' in answer && Number.isInteger(answer.StatusCode)) {
    return answer as ExitAnswer // the required field was checked above
  }
  throw new AnswerFormatError('the answer has no exit code', text)
}

/**
 * Inspects the container at intervals: an engine may not answer a wait when a container that never ran is removed.
 * Rejects then, and when the connection is lost. Other failures of an inspection are ignored: a busy engine answers
 * late, and the pings during the wait detect one that hangs. Resolves when a start under firewall rules has replaced
 * the container.
 */
async function watchContainer(engine: DockerEngine, call: EngineCall): Promise<'replaced'> {
  const engineId = engine.containers.toEngineId(call.subject)
  const { inspectIntervalMs, inspectAnswerMs: timeoutMs } = engine.timeouts
  await untilAborted(call.pingAfter ?? Promise.resolve(), call.signal)
  for (;;) {
    await delay(inspectIntervalMs, call)
    if (engine.containers.toEngineId(call.subject) !== engineId) return 'replaced'
    try {
      await inspectContainer(engine, { ...call, timeoutMs })
    } catch (error) {
      call.signal?.throwIfAborted()
      if (isHostError(error, 'CONTAINER_NOT_FOUND')) return rejectSoon(engine, call)
      if (!isInconclusive(error)) throw error
    }
  }
}

/** The answer to the wait may still arrive. */
async function rejectSoon({ timeouts }: DockerEngine, call: EngineCall): Promise<never> {
  await delay(timeouts.afterGoneMs, call)
  throw createHostError('EXIT_CODE_UNKNOWN', { id: call.subject, reason: 'it was removed during the wait' })
}
