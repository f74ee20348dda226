import type { LogChunk, LogOptions } from '@capstan/core'
import { createHostError, type StreamCall } from '@capstan/core/plugin'
import { isServiceGone } from '../apple-errors.js'
import type { AppleRuntimeContext } from '../apple-runtime-context.js'
import type { ContainerSession } from '../sessions/container-session.js'
import { OutputLostError } from '../sessions/output-record.js'
import { followForeignLogs } from './follow-foreign-logs.js'

/**
 * Reads logs from the session, with all bytes as they were printed. Without a session, or if the session has dropped output,
 * reads them with `logs`, which trims newlines at both ends, and with `--follow` also drops empty lines.
 */
export async function* readLogs(context: AppleRuntimeContext, id: string, read: LogRead): AsyncGenerator<LogChunk> {
  for await (const bytes of readBytes(context, id, read)) yield { source: 'combined', bytes }
}

export interface LogRead {
  readonly call: StreamCall
  readonly options: LogOptions
}

async function* readBytes(context: AppleRuntimeContext, id: string, read: LogRead): AsyncGenerator<Uint8Array> {
  const { call, options } = read
  const { follow = false, tailLines } = options
  const session = context.records.find(id)?.session
  if (session?.output.isComplete) yield* readSession(context, session, read)
  else if (follow) yield* followForeignLogs(context, id, { call, tailLines })
  else yield* tail(await readForeignLogs(context, id, call), tailLines)
}

/** Reads everything printed so far. */
export async function readAllLogs(context: AppleRuntimeContext, id: string, call: StreamCall): Promise<Uint8Array> {
  const session = context.records.find(id)?.session
  return session?.output.isComplete ? session.output.bytes : await readForeignLogs(context, id, call)
}

async function readForeignLogs(context: AppleRuntimeContext, id: string, call: StreamCall): Promise<Uint8Array> {
  const { stdout } = await context.run(['logs', id], { ...call, limit: 'logsMs' })
  return stdout
}

async function* readSession(
  context: AppleRuntimeContext,
  session: ContainerSession,
  { call: { signal }, options: { follow = false, tailLines } }: LogRead,
): AsyncGenerator<Uint8Array> {
  const { output } = session
  const isTail = tailLines !== undefined
  // The bytes and the position of the reader are taken in one turn, so that no output is missed between them.
  const before = isTail ? output.bytes : undefined
  const chunks = output.read({ from: isTail ? 'now' : 'start', signal, recordedOnly: !follow })
  if (before !== undefined) yield* tail(before, tailLines)
  try {
    for await (const { bytes } of chunks) yield bytes
  } catch (error) {
    if (!(error instanceof OutputLostError)) throw error
    throw toConnectionLost(context, error)
  }
  const { failure } = session.ended ?? {}
  if (follow && failure !== undefined && isServiceGone(failure)) throw toConnectionLost(context, new Error(failure))
}

function toConnectionLost({ cli }: AppleRuntimeContext, cause: Error): Error {
  return createHostError('CONNECTION_LOST', { endpoint: cli.command, lastTimestamp: undefined }, { cause })
}

function* tail(bytes: Uint8Array, tailLines: number | undefined): Generator<Uint8Array> {
  const wanted = tailLines === undefined ? bytes : lastLines(bytes, tailLines)
  if (wanted.length > 0) yield wanted
}

/** Returns the last `count` lines. Text after the last line end counts as a line. */
export function lastLines(bytes: Uint8Array, count: number): Uint8Array {
  if (count === 0) return bytes.subarray(bytes.length)
  let at = bytes.at(-1) === newline ? bytes.length - 1 : bytes.length
  for (let left = count; left > 0; left -= 1) {
    const before = bytes.lastIndexOf(newline, at - 1)
    if (before === -1 || at === 0) return bytes
    at = before
  }
  return bytes.subarray(at + 1)
}

const newline = 10
