import type { LogChunk, LogOptions, LogStream } from '@capstan/core'
import { createHostError, createLogStream as createStream, findUnsupportedOption } from '@capstan/core/plugin'
import { parseTimestamp, toTimestamp } from '../memory-clock.js'
import type { MemoryRuntimeContext } from '../memory-runtime-context.js'
import { findTail, type LogFilter, type LogPosition, splitLines } from './log-lines.js'
import type { LogRecord } from './state/container-log.js'
import { getCurrentRun, type MemoryContainer } from './state/memory-container.js'

/** Creates a stream of a container's log. It is opened by the first read, which rejects when that fails. */
export function createLogStream(context: MemoryRuntimeContext, id: string, options: LogOptions): LogStream {
  const { engine, operations, unsupportedOptions } = context
  return createStream({ operations, id, options }, async function* ({ signal }) {
    const container = await context.call('containerLogs', options, () => engine.containers.require(id))
    requireLog(container)
    const isOneStream = findUnsupportedOption('logs.split', unsupportedOptions) !== undefined
    for await (const chunk of readLog(container, { ...options, signal })) {
      yield isOneStream ? { ...chunk, source: 'combined' } : chunk
    }
  })
}

/** Reads all output that the log holds now. */
export function readWholeLog(container: MemoryContainer): Uint8Array {
  const { log } = container
  requireLog(container)
  const records = Array.from({ length: log.end - log.start }, (_, index) => log.at(log.start + index))
  return Buffer.concat(records.flatMap((record) => record?.bytes ?? []))
}

/** Throws LOGS_UNAVAILABLE for the log driver `none`. */
function requireLog({ id, config }: MemoryContainer): void {
  if (config.logDriver?.name !== 'none') return
  throw createHostError('LOGS_UNAVAILABLE', { id, reason: 'the log driver "none" keeps no output' })
}

/** Options of `readLog`. */
export interface ReadOptions extends LogOptions {
  readonly signal: AbortSignal
}

type Chunks = AsyncGenerator<LogChunk, undefined>

/** Reads the log of a container; with `follow` until its current run ends. */
export async function* readLog(container: MemoryContainer, options: ReadOptions): Chunks {
  const { log } = container
  const isWanted = createFilter(options)
  const first = findTail(log, isWanted, options.tailLines)
  const reader = { position: first.position }
  log.addReader(reader)
  try {
    for await (const { record, offset } of readRecords(container, reader, { ...options, first })) {
      if (isWanted(record)) yield* toChunks(record, offset, options)
    }
  } finally {
    log.removeReader(reader)
  }
  return undefined
}

async function* readRecords(
  container: MemoryContainer,
  reader: { position: number },
  { follow, signal, first }: ReadOptions & { readonly first: LogPosition },
) {
  const { log } = container
  // As on Docker, `follow` has no effect on a container that is not running.
  const run = follow === true ? getCurrentRun(container) : undefined
  const end = run === undefined ? log.end : Number.POSITIVE_INFINITY
  while (reader.position < end) {
    signal.throwIfAborted()
    const record = log.at(reader.position)
    if (record !== undefined) {
      yield { record, offset: reader.position === first.position ? first.offset : 0 }
      log.advance(reader)
    } else if (run?.exitCode !== undefined) return
    else await log.waitForChange(signal)
  }
}

function createFilter({ since, stdout = true, stderr = true }: LogOptions): LogFilter {
  const from = since === undefined ? 0n : parseTimestamp(since)
  return ({ source, nanoseconds }) => nanoseconds >= from && (source === 'stderr' ? stderr : stdout)
}

/** Yields one chunk for each line when timestamps are requested. */
function* toChunks(record: LogRecord, offset: number, { timestamps = false }: LogOptions): Generator<LogChunk> {
  const { source, nanoseconds } = record
  const bytes = record.bytes.subarray(offset)
  if (!timestamps) yield { source, bytes }
  else for (const piece of splitLines(bytes)) yield { source, bytes: piece, timestamp: toTimestamp(nanoseconds) }
}
