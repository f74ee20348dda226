import { TextDecoder } from 'node:util'
import { type LogOptions, type ServiceLogChunk, type SwarmManager, swarmManagerCapability } from '@capstan/core'
import { validateLogOptions } from '@capstan/core/plugin'
import type { Command } from 'commander'
import { findService } from '../host/find-service.js'
import { openRuntime } from '../host/open-host.js'
import { parseNumber } from '../options/numbers.js'
import { omitUndefined } from '../options/omit-undefined.js'
import { parseSince } from '../options/since.js'
import { toTaskName } from '../render/service-rows.js'
import { toJsonLine, writeOutput } from '../render/write-output.js'
import type { Io } from '../terminal/io.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan service logs`. */
export function defineServiceLogs(command: Command, setAction: SetAction): void {
  command
    .argument('<service>', 'ID, prefix of an ID, or name')
    .option('-f, --follow', 'Follow the output until the service is removed')
    .option('-n, --tail <lines>', "Show this number of lines of each task from the end, or 'all'")
    .option('--since <time>', 'Show logs since a time, or a duration ago, such as 10m')
    .option('-t, --timestamps', 'Show timestamps')
    .option('--no-task-ids', 'Show tasks without their IDs')
    .option('--raw', 'Print the output alone, without the task before each line')
    .option('--json', 'Print one JSON document per line')
  setAction<ServiceLogsOptions>(command, showLogs)
}

interface ServiceLogsOptions {
  readonly follow?: boolean
  readonly tail?: string
  readonly since?: string
  readonly timestamps?: boolean
  readonly taskIds: boolean
  readonly raw?: boolean
  readonly json?: boolean
}

/** Reads the logs only as fast as they can be written. */
async function showLogs({ invocation, operands, options }: Call<ServiceLogsOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  const logOptions = toLogOptions(options)
  validateLogOptions(logOptions)
  await using opened = await openRuntime(invocation)
  const swarm = await opened.require(swarmManagerCapability)
  const { id, name } = await findService(swarm, operands[0] ?? '', { signal })
  await using stream = await swarm.serviceLogs(id, { ...logOptions, signal })
  const names = new TaskNames(swarm, { id, name }, signal)
  const { json = false } = options
  const writer = new LineWriter(io, { signal, json, toLine: json ? toDocument : toText })
  for await (const chunk of stream) await writer.write(chunk)
  await writer.end()
  return 0

  async function toText(line: LogLine): Promise<string> {
    const time = line.timestamp === undefined ? '' : `${line.timestamp} `
    const task = options.raw ? '' : `${await names.describe(line, { hasId: options.taskIds })} | `
    return `${time}${task}${line.text}`
  }

  async function toDocument({ source, taskId, nodeId, timestamp, text }: LogLine): Promise<string> {
    return toJsonLine({ source, taskId, nodeId, ...omitUndefined({ timestamp }), text })
  }
}

function toLogOptions({ follow, tail, since, timestamps }: ServiceLogsOptions): LogOptions {
  return omitUndefined<LogOptions>({
    follow,
    timestamps,
    tailLines:
      tail === undefined || tail === 'all' ? undefined : parseNumber(tail, { option: '--tail', integer: true }),
    since: since === undefined ? undefined : parseSince(since, new Date()),
  })
}

/** A line of a task with its line feed, or a part of a long one. */
interface LogLine extends Omit<ServiceLogChunk, 'bytes'> {
  readonly text: string
}

/** Writes whole lines, so that those of several tasks are not mixed: stderr on stderr, the rest and JSON documents on stdout. */
class LineWriter {
  readonly #io: Io
  readonly #options: LineWriterOptions
  readonly #parts = new Map<string, { readonly decoder: TextDecoder; chunk: ServiceLogChunk; text: string }>()

  constructor(io: Io, options: LineWriterOptions) {
    this.#io = io
    this.#options = options
  }

  async write(chunk: ServiceLogChunk): Promise<void> {
    const key = `${chunk.taskId} ${chunk.source}`
    const part = this.#parts.get(key) ?? { decoder: new TextDecoder(), chunk, text: '' }
    this.#parts.set(key, part)
    // The time of a line is that of its beginning.
    if (part.text === '') part.chunk = chunk
    part.text += part.decoder.decode(chunk.bytes, { stream: true })
    for (let end = part.text.indexOf('\n'); end !== -1; end = part.text.indexOf('\n')) {
      const line = part.text.slice(0, end + 1)
      part.text = part.text.slice(end + 1)
      await this.#writeLine(part.chunk, line)
    }
    if (part.text.length < longestLine) return
    await this.#writeLine(part.chunk, `${part.text}\n`)
    part.text = ''
  }

  /** Writes the lines that have no line feed. */
  async end(): Promise<void> {
    for (const { decoder, chunk, text } of this.#parts.values()) {
      const rest = text + decoder.decode()
      if (rest !== '') await this.#writeLine(chunk, `${rest}\n`)
    }
  }

  async #writeLine({ bytes: _, ...chunk }: ServiceLogChunk, text: string): Promise<void> {
    const { toLine, json, signal } = this.#options
    const { stdout, stderr } = this.#io
    const output = chunk.source === 'stderr' && !json ? stderr : stdout
    await writeOutput(output, await toLine({ ...chunk, text }), { signal })
  }
}

interface LineWriterOptions {
  readonly signal: AbortSignal
  readonly toLine: (line: LogLine) => Promise<string>
  /** Whether the lines are JSON documents, which have the source. */
  readonly json: boolean
}

/** Describes tasks as docker does: `web.1.ID@node`. Lists them again for an unknown one. */
class TaskNames {
  readonly #swarm: SwarmManager
  readonly #service: { readonly id: string; readonly name: string }
  readonly #signal: AbortSignal
  readonly #names = new Map<string, string>()
  #nodes: ReadonlyMap<string, string> | undefined
  #width = 0

  constructor(swarm: SwarmManager, service: { readonly id: string; readonly name: string }, signal: AbortSignal) {
    this.#swarm = swarm
    this.#service = service
    this.#signal = signal
  }

  async describe({ taskId, nodeId }: LogLine, { hasId }: { readonly hasId: boolean }): Promise<string> {
    if (!this.#names.has(taskId)) await this.#list()
    const name = this.#names.get(taskId) ?? this.#service.name
    const text = `${name}${hasId ? `.${taskId}` : ''}@${this.#nodes?.get(nodeId) ?? nodeId}`
    this.#width = Math.max(this.#width, text.length)
    return text.padEnd(this.#width)
  }

  async #list(): Promise<void> {
    const options = { signal: this.#signal }
    const { id, name: service } = this.#service
    // The service may be removed while its last output is read.
    const tasks = await this.#swarm.listTasks(id, options).catch(() => [])
    this.#signal.throwIfAborted()
    for (const task of tasks) this.#names.set(task.id, toTaskName({ task, service }))
    this.#nodes ??= new Map((await this.#swarm.listNodes(options)).map((node) => [node.id, node.hostname]))
  }
}

/** A longer line is written in parts, so that a program without line feeds does not fill the memory. */
const longestLine = 65_536
