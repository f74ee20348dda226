import { isHostError, type LogChunk, type LogOptions, runtimeCapability } from '@capstan/core'
import { checkOption, createHostError } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../../engine/docker-engine.js'
import { toConnectionLost } from '../../engine/streams/lost-connection.js'
import { readChunks } from '../../engine/streams/read-chunks.js'
import { mayLackLines, truncatesLogs } from '../../quirks/container-quirks.js'
import { inspectContainer, isStillRunning, mayRestart } from '../inspection/inspect-container.js'
import { type LogFilter, LogPosition, type ResumeFilter } from './log-position.js'
import { createLogSplitter } from './log-splitter.js'
import { toEngineTime } from './log-time.js'

/**
 * Reads the log of one container with back-pressure.
 *
 * A followed log that ends while its container runs was interrupted (by rotation, or a stopped engine), and fails with
 * CONNECTION_LOST and the engine's last timestamp. A log that ends with its container is read completely, also by a
 * slow reader. On an engine that truncates logs, a slow reader may miss the last part of a terminal's log with
 * `tailLines`, and of the log of a container that is removed at its exit. On an engine that drops lines, a log with
 * `tailLines` can lack lines, because the beginning of its tail cannot be found again after the exit.
 */
export async function* readLog(
  engine: DockerEngine,
  options: LogOptions,
  call: EngineCall,
): AsyncGenerator<LogChunk, void> {
  call.signal?.throwIfAborted()
  if (options.follow !== true) return void (yield* readOnce({ engine, options, call }))
  const position = new LogPosition()
  const { isReplaced, isIncomplete } = yield* readOnce({ engine, options, call, filter: position })
  // A start under firewall rules has replaced the container, which had no output.
  if (isReplaced) return yield* readLog(engine, options, call)
  if (!truncatesLogs(engine)) return
  const rest = position.createResumeFilter()
  if (rest !== undefined) yield* readRest({ engine, options, call, filter: rest })
  else if (isIncomplete) yield* readUnlessRemoved({ engine, options: { ...options, follow: false }, call })
}

/** Reads the rest of a truncated log. The log is complete unless it was removed with the container. */
async function* readRest({ filter, ...reading }: LogReading & { readonly filter: ResumeFilter }) {
  const { since = reading.options.since } = filter
  const { tailLines, ...options } = reading.options
  // The beginning of the tail of a terminal's log is unknown, so the rest cannot be found.
  if (filter.since === undefined && tailLines !== undefined) return
  const whole = { ...options, follow: false, ...(since === undefined ? {} : { since }) }
  yield* readUnlessRemoved({ ...reading, options: whole, filter, hasTimestamps: filter.since !== undefined })
}

async function* readUnlessRemoved(reading: LogReading) {
  try {
    yield* readOnce(reading)
  } catch (error) {
    if (!isRemoved(error)) throw error
  }
}

/** How the answer to one request ended. */
interface LogEnd {
  /** Whether the container was replaced meanwhile. */
  readonly isReplaced: boolean
  /** Whether the end of the answer was discarded, because the engine may have dropped lines of it. */
  readonly isIncomplete: boolean
}

/** Reads the answer to one request. A followed log that ends while its container runs was interrupted. */
async function* readOnce(reading: LogReading): AsyncGenerator<LogChunk, LogEnd> {
  const { engine, options, call, filter } = reading
  const { follow = false, timestamps = false, tailLines } = options
  const { response, isTerminal, hasTimestamps, container, engineId } = await openLog(reading)
  const splitter = createLogSplitter({ isTerminal, hasTimestamps, reportsTimestamps: timestamps, filter })
  try {
    let isIncomplete = false
    for await (const chunk of readChunks(response, call.signal)) {
      isIncomplete = follow && tailLines === undefined && (await mayLackLines(engine, container, call))
      if (isIncomplete) break
      // `yield*` of a synchronous iterable takes several promises for each chunk.
      for (const piece of splitter.push(chunk)) yield piece
    }
    if (!isIncomplete) yield* splitter.end()
    const isReplaced = engine.containers.toEngineId(container.Id) !== engineId
    const startedAt = mayRestart(container) ? container.State?.StartedAt : undefined
    if (follow && !isReplaced && (await isStillRunning(engine, call, startedAt))) throw toConnectionLost(engine)
    return { isReplaced, isIncomplete }
  } catch (cause) {
    throw withTimestamp(engine.translate(cause, call), splitter.lastTimestamp)
  } finally {
    response.destroy()
  }
}

/** One request for a log. */
interface LogReading {
  readonly engine: DockerEngine
  readonly options: LogOptions
  readonly call: EngineCall
  readonly filter?: LogFilter
  /** Whether to request timestamps. Default: if the caller requests them, or a followed log may need the last one. */
  readonly hasTimestamps?: boolean
}

/** Requests the log. The inspection tells whether the log has frames. Before API 1.42 no header of the answer tells. */
async function openLog({ engine, options, call, hasTimestamps: requestsTimestamps }: LogReading) {
  const container = await inspectContainer(engine, call)
  const isTerminal = container.Config?.Tty === true
  const { follow = false, timestamps = false, stdout = true, stderr = true, since, tailLines } = options
  // The timestamps in a terminal's log cannot be reliably separated from its text, so they are only sent on request.
  const hasTimestamps = timestamps || (requestsTimestamps ?? (follow && !isTerminal))
  const query = {
    follow,
    stdout,
    stderr,
    timestamps: hasTimestamps,
    since: since === undefined ? undefined : toEngineTime(since),
    tail: tailLines ?? 'all',
  }
  const path = `/containers/${call.subject}/logs`
  const engineId = engine.containers.toEngineId(container.Id) // at the time of the request
  const response = await engine.send({ ...call, method: 'GET', path, query })
  return { response, isTerminal, hasTimestamps, container, engineId }
}

/** Whether the container was removed or is being removed. */
function isRemoved(error: unknown): boolean {
  if (isHostError(error, 'CONTAINER_NOT_FOUND')) return true
  return isHostError(error, 'OPERATION_FAILED') && error.facts.status === 409
}

function withTimestamp(error: unknown, lastTimestamp: string | undefined): unknown {
  if (!isHostError(error, 'CONNECTION_LOST')) return error
  return createHostError('CONNECTION_LOST', { ...error.facts, lastTimestamp }, { cause: error.cause })
}

/** Reads the whole log so far, both streams in order of arrival. Does not wait for the container to exit. */
export async function readAllLogs(engine: DockerEngine, call: EngineCall): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const { bytes } of readLog(engine, {}, call)) pieces.push(bytes)
  return Buffer.concat(pieces)
}

/** Throws OPTION_UNSUPPORTED for options that the engine does not support. */
export function checkLogOptions(
  { runtimeName, details }: Pick<DockerEngine, 'runtimeName' | 'details'>,
  { since, timestamps = false }: LogOptions,
): void {
  const refused = { runtime: runtimeName, unsupportedOptions: details.unsupportedOptions }
  checkOption(runtimeCapability, 'logs.since', since, refused)
  checkOption(runtimeCapability, 'logs.timestamps', timestamps, refused)
}
