import type { IncomingMessage } from 'node:http'
import { isHostError, type LogChunk, type LogOptions, runtimeCapability } from '@capstan/core'
import { createHostError, refuseField } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../../engine/docker-engine.js'
import { toConnectionLost } from '../../engine/streams/lost-connection.js'
import { readWhole } from '../../engine/streams/read-whole.js'
import { inspectContainer, isStillRunning } from '../inspect-container.js'
import { type LogFilter, LogPosition, type LogRest } from './log-position.js'
import { createLogSplitter, type LogSplitter } from './log-splitter.js'
import { toEngineTime } from './log-time.js'

/**
 * Reads the log of one container, no faster than it is read.
 *
 * A followed log that ends while its container runs was interrupted (rotation, an engine that went away): CONNECTION_LOST
 * with the engine's last timestamp, never a clean end. One that ends with its container is read to the end of what was
 * logged, however slow the reader was; of a terminal's log with `tailLines`, and of a container that is removed at its
 * end, a slow reader may miss the last part.
 */
export async function* readLog(
  engine: DockerEngine,
  options: LogOptions,
  call: EngineCall,
): AsyncGenerator<LogChunk, void> {
  call.signal?.throwIfAborted()
  if (options.follow !== true) return void (yield* readOnce({ engine, options, call }))
  const position = new LogPosition()
  const { isReplaced } = yield* readOnce({ engine, options, call, filter: position })
  // A start under firewall rules has replaced the container, which had written nothing.
  if (isReplaced) return yield* readLog(engine, options, call)
  const rest = position.toRest()
  if (rest !== undefined) yield* readRest({ engine, options, call, filter: rest })
}

/**
 * Engine 20.10 cuts a followed log short when its reader is slow and the container ends meanwhile: the log itself has
 * it all. So it is read on to its end, unless it went away with the container.
 */
async function* readRest({ filter, ...reading }: LogReading & { readonly filter: LogRest }) {
  const { since = reading.options.since } = filter
  const { tailLines, ...options } = reading.options
  // Where a terminal's tail began is not known: its log cannot be read on.
  if (filter.since === undefined && tailLines !== undefined) return
  const whole = { ...options, follow: false, ...(since === undefined ? {} : { since }) }
  try {
    yield* readOnce({ ...reading, options: whole, filter, isStamped: filter.since !== undefined })
  } catch (error) {
    if (!isGone(error)) throw error
  }
}

/**
 * Reads what one request gives, and returns whether the container was replaced meanwhile. A followed log that ends while
 * its container runs was interrupted.
 */
async function* readOnce(reading: LogReading): AsyncGenerator<LogChunk, { readonly isReplaced: boolean }> {
  const { engine, options, call, filter } = reading
  const { follow = false, timestamps = false } = options
  const { response, isTerminal, isStamped, id, engineId } = await openLog(reading)
  const splitter = createLogSplitter({ isTerminal, isStamped, isShown: timestamps, filter })
  try {
    yield* split(response, splitter, call)
    const isReplaced = engine.containers.toEngineId(id) !== engineId
    if (follow && !isReplaced && (await isStillRunning(engine, call))) throw toConnectionLost(engine)
    return { isReplaced }
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
  /** Whether the engine shall send timestamps. Default: where they are wanted, or a followed log may need its last one. */
  readonly isStamped?: boolean
}

async function* split(
  response: IncomingMessage,
  splitter: LogSplitter,
  { signal }: EngineCall,
): AsyncGenerator<LogChunk, void> {
  for await (const chunk of readWhole(response, signal)) yield* splitter.push(chunk)
  yield* splitter.end()
}

interface OpenLog {
  readonly response: IncomingMessage
  readonly isTerminal: boolean
  readonly isStamped: boolean
  readonly id: string
  /** The engine's id of the container when the log was asked for. */
  readonly engineId: string
}

/** Whether there is a terminal is asked beside: before API 1.42 the answer does not say how it is framed. */
async function openLog({ engine, options, call, isStamped: isStampWanted }: LogReading): Promise<OpenLog> {
  const container = await inspectContainer(engine, call)
  const isTerminal = container.Config?.Tty === true
  const { follow = false, timestamps = false, stdout = true, stderr = true, since, tailLines } = options
  // A terminal's timestamps cannot be told from its text with certainty: asked for only when they are wanted.
  const isStamped = timestamps || (isStampWanted ?? (follow && !isTerminal))
  const query = {
    follow,
    stdout,
    stderr,
    timestamps: isStamped,
    since: since === undefined ? undefined : toEngineTime(since),
    tail: tailLines ?? 'all',
  }
  const path = `/containers/${call.subject}/logs`
  const { Id: id } = container
  const engineId = engine.containers.toEngineId(id)
  return { response: await engine.send({ ...call, method: 'GET', path, query }), isTerminal, isStamped, id, engineId }
}

/** The container was removed, or is about to be. */
function isGone(error: unknown): boolean {
  if (isHostError(error, 'CONTAINER_NOT_FOUND')) return true
  return isHostError(error, 'OPERATION_FAILED') && error.facts.status === 409
}

function withTimestamp(error: unknown, lastTimestamp: string | undefined): unknown {
  if (!isHostError(error, 'CONNECTION_LOST')) return error
  return createHostError('CONNECTION_LOST', { ...error.facts, lastTimestamp }, { cause: error.cause })
}

/** Everything written so far, both streams in order of arrival; does not wait for the container to stop. */
export async function readAllLogs(engine: DockerEngine, call: EngineCall): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const { bytes } of readLog(engine, {}, call)) pieces.push(bytes)
  return Buffer.concat(pieces)
}

/** Throws OPTION_UNSUPPORTED for what of these options the engine refuses. */
export function refuseLogOptions(
  { runtimeName, details }: Pick<DockerEngine, 'runtimeName' | 'details'>,
  { since, timestamps = false }: LogOptions,
): void {
  const refused = { runtime: runtimeName, unsupportedOptions: details.unsupportedOptions }
  refuseField(runtimeCapability, 'logs.since', since, refused)
  refuseField(runtimeCapability, 'logs.timestamps', timestamps, refused)
}
