import { TextDecoder } from 'node:util'
import { type LogChunk, type LogOptions, validateLogOptions } from '@capstan/core'
import type { Call } from '../commands/command-line.js'
import type { LogsOptions } from '../commands/logs.js'
import { findContainer } from '../find-container.js'
import type { Io } from '../io.js'
import { openRuntime } from '../open-host.js'
import { parseNumber } from '../parse/number.js'
import { parseSince } from '../parse/since.js'
import { withoutUndefined } from '../parse/without-undefined.js'
import { toJsonLine, writeOutput } from '../render/write-output.js'

/** Writes what a container has written, no faster than it is read. */
export async function logs({ invocation, operands, options }: Call<LogsOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const logOptions = toLogOptions(options)
  validateLogOptions(logOptions)
  await using opened = await openRuntime(invocation)
  const { runtime } = opened.scope
  const { signal } = interrupts
  const { id } = await findContainer(runtime, operands[0] ?? '', { signal })
  await using stream = await runtime.containerLogs(id, { ...logOptions, signal })
  const writer = options.json ? createJsonWriter(io) : createTextWriter(io)
  for await (const chunk of stream) await writer.write(chunk, { signal })
  await writer.end?.({ signal })
  return 0
}

function toLogOptions({ follow, tail, since, timestamps }: LogsOptions): LogOptions {
  return withoutUndefined<LogOptions>({
    follow,
    timestamps,
    tailLines:
      tail === undefined || tail === 'all' ? undefined : parseNumber(tail, { option: '--tail', integer: true }),
    since: since === undefined ? undefined : parseSince(since, new Date()),
  })
}

interface ChunkWriter {
  write(chunk: LogChunk, options: { readonly signal: AbortSignal }): Promise<void>
  /** Writes what was kept back. */
  end?(options: { readonly signal: AbortSignal }): Promise<void>
}

function createTextWriter({ stdout, stderr }: Io): ChunkWriter {
  const isLineOpen = new Map<LogChunk['source'], boolean>()
  return {
    async write({ source, bytes, timestamp }, options) {
      const output = source === 'stderr' ? stderr : stdout
      // A line that came in several pieces is told its time once.
      const isStart = isLineOpen.get(source) !== true
      if (timestamp !== undefined && isStart) await writeOutput(output, `${timestamp} `, options)
      isLineOpen.set(source, bytes.at(-1) !== newline)
      await writeOutput(output, bytes, options)
    },
  }
}

/** A chunk may end within a character: what is written so far is decoded, the rest waits. */
function createJsonWriter({ stdout }: Io): ChunkWriter {
  const decoders = new Map<LogChunk['source'], TextDecoder>()
  return {
    async write({ source, bytes, timestamp }, options) {
      const decoder = decoders.get(source) ?? new TextDecoder()
      decoders.set(source, decoder)
      const text = decoder.decode(bytes, { stream: true })
      await writeOutput(stdout, toJsonLine({ source, ...withoutUndefined({ timestamp }), text }), options)
    },
    async end(options) {
      for (const [source, decoder] of decoders) {
        const text = decoder.decode()
        if (text !== '') await writeOutput(stdout, toJsonLine({ source, text }), options)
      }
    },
  }
}

const newline = 0x0a
