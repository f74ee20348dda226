import { TextDecoder } from 'node:util'
import type { LogChunk, LogOptions } from '@capstan/core'
import { validateLogOptions } from '@capstan/core/plugin'
import type { Command } from 'commander'
import { findContainer } from '../host/find-container.js'
import { openRuntime } from '../host/open-host.js'
import { toExamples } from '../options/command-definition.js'
import { parseNumber } from '../options/numbers.js'
import { omitUndefined } from '../options/omit-undefined.js'
import { parseSince } from '../options/since.js'
import { toJsonLine, writeOutput } from '../render/write-output.js'
import type { Io } from '../terminal/io.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan logs`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description('Shows the logs of a container: its stdout on stdout, its stderr on stderr.')
    .argument('<container>', 'ID, prefix of an ID, or name')
    .option('-f, --follow', 'Follow the output until the container exits')
    .option('-n, --tail <lines>', "Show this number of lines from the end, or 'all'")
    .option('--since <time>', 'Show logs since a time, or a duration ago, such as 10m')
    .option('-t, --timestamps', 'Show timestamps')
    .option('--json', 'Print one JSON document per line')
    .addHelpText(
      'after',
      toExamples({ 'capstan logs -f --tail 20 web': 'Show the last 20 lines, and follow the output' }),
    )
  setAction<LogsOptions>(command, logs)
}

interface LogsOptions {
  readonly follow?: boolean
  readonly tail?: string
  readonly since?: string
  readonly timestamps?: boolean
  readonly json?: boolean
}

/** Reads the logs only as fast as they can be written. */
async function logs({ invocation, operands, options }: Call<LogsOptions>): Promise<number> {
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
  return omitUndefined<LogOptions>({
    follow,
    timestamps,
    tailLines:
      tail === undefined || tail === 'all' ? undefined : parseNumber(tail, { option: '--tail', integer: true }),
    since: since === undefined ? undefined : parseSince(since, new Date()),
  })
}

interface ChunkWriter {
  write(chunk: LogChunk, options: { readonly signal: AbortSignal }): Promise<void>
  /** Writes what is still buffered. */
  end?(options: { readonly signal: AbortSignal }): Promise<void>
}

function createTextWriter({ stdout, stderr }: Io): ChunkWriter {
  const isLineOpen = new Map<LogChunk['source'], boolean>()
  return {
    async write({ source, bytes, timestamp }, options) {
      const output = source === 'stderr' ? stderr : stdout
      // A line may arrive in several chunks; the timestamp is written once.
      const isStart = isLineOpen.get(source) !== true
      if (timestamp !== undefined && isStart) await writeOutput(output, `${timestamp} `, options)
      isLineOpen.set(source, bytes.at(-1) !== newline)
      await writeOutput(output, bytes, options)
    },
  }
}

/** A chunk may end within a character, whose bytes are buffered until the next chunk. */
function createJsonWriter({ stdout }: Io): ChunkWriter {
  const decoders = new Map<LogChunk['source'], TextDecoder>()
  return {
    async write({ source, bytes, timestamp }, options) {
      const decoder = decoders.get(source) ?? new TextDecoder()
      decoders.set(source, decoder)
      const text = decoder.decode(bytes, { stream: true })
      await writeOutput(stdout, toJsonLine({ source, ...omitUndefined({ timestamp }), text }), options)
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
