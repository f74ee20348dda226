import { createHostError, type LogChunk, type LogOptions, type LogStream } from '@capstan/core'
import { parseTimestamp, toTimestamp } from '../memory-clock.js'
import type { MemoryConnection } from '../memory-connection.js'
import type { ContainerLog, LogRecord } from './container-log.js'
import { findRun, type MemoryContainer } from './memory-container.js'

/** The log of a container as a stream that opens when it is first read; errors of opening surface there. */
export function createLogStream(connection: MemoryConnection, id: string, options: LogOptions): LogStream {
  const left = new AbortController()
  const reader = read(connection, id, { ...options, left: left.signal })
  return {
    [Symbol.asyncIterator]: () => reader,
    [Symbol.asyncDispose]: async () => {
      left.abort()
      await reader.return(undefined)
    },
  }
}

/** Everything that is there now. */
export function readAll(log: ContainerLog): Uint8Array {
  const records = Array.from({ length: log.end - log.start }, (_, index) => log.at(log.start + index))
  return Buffer.concat(records.flatMap((record) => record?.bytes ?? []))
}

/** `left`: the reader wants no more. */
interface ReadOptions extends LogOptions {
  readonly left: AbortSignal
}

async function* read(
  connection: MemoryConnection,
  id: string,
  options: ReadOptions,
): AsyncGenerator<LogChunk, undefined> {
  const { own, end } = connection.begin(options.signal)
  try {
    const container = await connection.call('containerLogs', options, () => connection.engine.containers.require(id))
    yield* readRecords(container, options, own)
  } finally {
    end()
  }
  return undefined
}

async function* readRecords(
  container: MemoryContainer,
  options: ReadOptions,
  signal: AbortSignal,
): AsyncGenerator<LogChunk, undefined> {
  const { log } = container
  const isWanted = createFilter(options)
  const run = options.follow === true ? findRun(container) : undefined
  const end = run === undefined ? log.end : Number.POSITIVE_INFINITY
  let position = findFirst(log, isWanted, options.tailLines)
  let last: LogRecord | undefined
  while (position < end && !options.left.aborted) {
    signal.throwIfAborted()
    if (position < log.start) throw createGap(container, last)
    const record = log.at(position)
    if (record !== undefined) {
      position += 1
      last = record
      if (isWanted(record)) yield toChunk(record, options)
    } else if (run?.exitCode !== undefined) return undefined
    else await waitForChange(log, [signal, options.left])
  }
  return undefined
}

type Filter = (record: LogRecord) => boolean

function createFilter({ since, stdout = true, stderr = true }: LogOptions): Filter {
  const from = since === undefined ? 0n : parseTimestamp(since)
  return ({ source, nanoseconds }) => nanoseconds >= from && (source === 'stderr' ? stderr : stdout)
}

/** Where the last `tailLines` lines begin. */
function findFirst(log: ContainerLog, isWanted: Filter, tailLines: number | undefined): number {
  if (tailLines === undefined) return log.start
  let position = log.end
  for (let lines = 0; lines < tailLines && position > log.start; ) {
    position -= 1
    const record = log.at(position)
    if (record?.startsLine === true && isWanted(record)) lines += 1
  }
  return position
}

function toChunk({ source, bytes, nanoseconds }: LogRecord, { timestamps = false }: LogOptions): LogChunk {
  return timestamps ? { source, bytes, timestamp: toTimestamp(nanoseconds) } : { source, bytes }
}

/** What the reader had not read yet was dropped, as when a real engine rotates: never a silent gap. */
function createGap({ name }: MemoryContainer, last: LogRecord | undefined): Error {
  const lastTimestamp = last === undefined ? undefined : toTimestamp(last.nanoseconds)
  return createHostError('CONNECTION_LOST', { endpoint: `the log of container "${name}"`, lastTimestamp })
}

/** Resolves on the next change, and when one of the signals aborts. */
function waitForChange(log: ContainerLog, signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      stop()
      for (const signal of signals) signal.removeEventListener('abort', wake)
      resolve()
    }
    const stop = log.onChange(wake)
    for (const signal of signals) signal.addEventListener('abort', wake, { once: true })
  })
}
