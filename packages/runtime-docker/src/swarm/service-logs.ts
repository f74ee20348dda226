import type { IncomingMessage } from 'node:http'
import { isHostError, type LogOptions, type ServiceLogChunk } from '@capstan/core'
import { delay, type StreamCall } from '@capstan/core/plugin'
import { toEngineTime } from '../containers/logs/log-time.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { ignoreErrors } from '../engine/ignore-errors.js'
import { EngineStreamError, FrameParser, type FramePiece, type FrameSource } from '../engine/streams/frame-parser.js'
import { readChunks } from '../engine/streams/read-chunks.js'
import { untilTasksAreGone } from './remove-service.js'
import { inspectSwarmService } from './services.js'

/**
 * Reads the log of the service given by the call's subject. The output on a node that the swarm has lost is missing.
 *
 * An engine never ends a followed log, so the service is inspected repeatedly, and the log ends when the service is gone.
 */
export async function* readServiceLog(
  engine: DockerEngine,
  options: LogOptions,
  call: StreamCall,
): AsyncGenerator<ServiceLogChunk, void> {
  const { ID: id, Spec } = await inspectSwarmService(engine, call)
  const opening = openLog(engine, { ...options, path: `/services/${id}/logs` }, call)
  // A followed log ends when the service is removed, also just before the request.
  const response = await (options.follow ? ignoreErrors(['SERVICE_NOT_FOUND'], opening) : opening)
  if (response === undefined) return
  const watch = new AbortController()
  let isGone = false
  const watchCall = { ...call, subject: id, signal: AbortSignal.any([call.signal, watch.signal]) }
  const end = () => {
    isGone = true
    response.destroy()
  }
  if (options.follow) void untilGone(engine, Spec.Name, watchCall).then(end, () => {}) // rejects only after an abort
  try {
    yield* readTaskOutput(engine, response, options, call)
  } catch (error) {
    if (!isGone) throw error
  } finally {
    watch.abort()
    response.destroy()
  }
}

/** Resolves when the service and its tasks are gone, and their last output has had time to arrive. */
async function untilGone(engine: DockerEngine, name: string, call: EngineCall): Promise<void> {
  while (!(await isRemoved(engine, call))) await delay(watchMs, call)
  await untilTasksAreGone(engine, name, call).catch(() => {}) // when its tasks cannot be listed, the log ends earlier
  await delay(drainMs, call)
}

/** Whether the engine reports that the service does not exist. A swarm without a leader does not report it. */
async function isRemoved(engine: DockerEngine, call: EngineCall): Promise<boolean> {
  try {
    await inspectSwarmService(engine, call)
    return false
  } catch (error) {
    return isHostError(error, 'SERVICE_NOT_FOUND')
  }
}

/** Requests the log of a service. Each of its records begins with the labels of its task. */
function openLog(
  engine: DockerEngine,
  { path, follow = false, since, tailLines, timestamps = false, stdout = true, stderr = true }: LogRequest,
  call: EngineCall,
): Promise<IncomingMessage> {
  const times = since === undefined ? {} : { since: toEngineTime(since) }
  const query = { follow, stdout, stderr, timestamps, details: true, tail: tailLines ?? 'all', ...times }
  return engine.send({ ...call, method: 'GET', path, query })
}

interface LogRequest extends LogOptions {
  readonly path: string
}

/** Reads the chunks of an answer of {@link openLog}. */
async function* readTaskOutput(
  engine: DockerEngine,
  response: IncomingMessage,
  { timestamps = false }: Pick<LogOptions, 'timestamps'>,
  call: EngineCall,
): AsyncGenerator<ServiceLogChunk, void> {
  const chunks: ServiceLogChunk[] = []
  const records = new TaskRecords({ timestamps }, (chunk) => chunks.push(chunk))
  const parser = new FrameParser((source, bytes, piece) => records.push(source, bytes, piece))
  try {
    for await (const bytes of readChunks(response, call.signal)) {
      try {
        parser.push(bytes)
      } finally {
        yield* chunks.splice(0)
      }
    }
    parser.end()
  } catch (cause) {
    if (cause instanceof EngineStreamError && isNodeLost(cause)) return
    throw engine.translate(cause, call)
  }
}

/** Reads the labels of the task at the beginning of each record: `TIME com.docker.swarm.node.id=…,com.docker.swarm.task.id=… TEXT`. */
class TaskRecords {
  readonly #emit: (chunk: ServiceLogChunk) => void
  readonly #fields: number
  readonly #begins = { stdout: noBytes, stderr: noBytes }
  readonly #tasks: { stdout: RecordTask | undefined; stderr: RecordTask | undefined } = {
    stdout: undefined,
    stderr: undefined,
  }

  constructor({ timestamps }: { readonly timestamps: boolean }, emit: (chunk: ServiceLogChunk) => void) {
    this.#emit = emit
    this.#fields = timestamps ? 2 : 1
  }

  push(source: FrameSource, bytes: Buffer, { isLast }: FramePiece): void {
    const task = this.#tasks[source]
    const text = task === undefined ? this.#takeBegin(source, bytes) : bytes
    const found = task ?? this.#tasks[source]
    if (found !== undefined && text.length > 0) this.#emit({ source, bytes: text, ...found })
    if (!isLast) return
    this.#tasks[source] = undefined
    this.#begins[source] = noBytes
  }

  /** Returns the text after the labels, or nothing while they are incomplete. */
  #takeBegin(source: FrameSource, bytes: Buffer): Buffer {
    const begin = Buffer.concat([this.#begins[source], bytes])
    let end = -1
    for (let field = 0; field < this.#fields; field += 1) {
      end = begin.indexOf(space, end + 1)
      if (end === -1) {
        this.#begins[source] = begin
        return noBytes
      }
    }
    const words = begin.toString('latin1', 0, end).split(' ')
    this.#tasks[source] = toRecordTask(words.at(-1) ?? '', this.#fields === 2 ? words[0] : undefined)
    return begin.subarray(end + 1)
  }
}

type RecordTask = Pick<ServiceLogChunk, 'taskId' | 'nodeId' | 'timestamp'>

/** The values of labels are encoded as in a query, so they have no comma and no space. */
function toRecordTask(labels: string, timestamp: string | undefined): RecordTask {
  const values = new Map(labels.split(',').map((label) => [label.replace(/=.*$/, ''), label.replace(/^[^=]*=/, '')]))
  const taskId = values.get('com.docker.swarm.task.id') ?? ''
  const nodeId = values.get('com.docker.swarm.node.id') ?? ''
  return { taskId, nodeId, ...(timestamp !== undefined && { timestamp }) }
}

/** Whether the log ends because a node did not answer. The text is from `manager/logbroker` of swarmkit. */
function isNodeLost({ message }: EngineStreamError): boolean {
  return /incomplete log stream/.test(message)
}

const noBytes: Buffer = Buffer.alloc(0)
const space = 32
const watchMs = 1000
const drainMs = 500
