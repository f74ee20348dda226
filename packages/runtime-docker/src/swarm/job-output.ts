import type { LogChunk, RunJobOptions } from '@capstan/core'
import { type LinkedSignal, linkSignals, type OutputChunk, pumpOutput, untilAborted } from '@capstan/core/plugin'
import { createLogSplitter } from '../containers/logs/log-splitter.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { readChunks } from '../engine/streams/read-chunks.js'

/**
 * Copies the log of a task to the streams of the caller. A followed log of a task does not end with the task, and it is cut when
 * the connection to the node breaks, so after the end of the task the log is read again and the bytes that were copied before
 * are skipped.
 */
export class JobOutput {
  readonly #engine: DockerEngine
  readonly #options: Pick<RunJobOptions, 'stdout' | 'stderr'>
  readonly #call: EngineCall
  /** Aborts when the log is no longer to be followed. */
  readonly #following: LinkedSignal
  readonly #pumped: Promise<void>
  /** The task whose log is followed; `undefined` if none is. */
  readonly #followed = createDeferred<string | undefined>()
  /** The task that has ended; `undefined` if its log is not to be read. */
  readonly #ended = createDeferred<string | undefined>()

  constructor(engine: DockerEngine, { stdout, stderr }: RunJobOptions, call: EngineCall) {
    this.#engine = engine
    this.#options = { ...(stdout && { stdout }), ...(stderr && { stderr }) }
    this.#call = call
    this.#following = linkSignals([call.signal])
    const isWanted = stdout !== undefined || stderr !== undefined
    this.#pumped = isWanted ? pumpOutput(this.#readAll(), this.#options, call) : Promise.resolve()
    this.#pumped.catch(() => {}) // a caller that has failed does not wait for it
  }

  /** Rejects when a stream of the caller fails before the end of the task. */
  get failed(): Promise<never> {
    return this.#pumped.then(() => new Promise<never>(() => {}))
  }

  /** Begins to copy the output of a running task. */
  follow(taskId: string): void {
    this.#followed.resolve(taskId)
  }

  /** Copies the rest of the output of an ended task. Without an id, stops copying. */
  async finish(taskId: string | undefined): Promise<void> {
    this.#followed.resolve(undefined)
    this.#ended.resolve(taskId)
    this.#following.abort(new Error('the task has ended'))
    this.#following.unlink()
    await this.#pumped
  }

  async *#readAll(): AsyncGenerator<OutputChunk> {
    const { signal } = this.#call
    const copied = { stdout: 0, stderr: 0 }
    const followed = await untilAborted(this.#followed.promise, signal)
    if (followed !== undefined) {
      for await (const chunk of this.#readFollowed(followed)) {
        copied[chunk.source] += chunk.bytes.length
        yield chunk
      }
    }
    const ended = await untilAborted(this.#ended.promise, signal)
    if (ended === undefined) return
    for await (const { source, bytes } of this.#read(ended, { follow: false, call: this.#call })) {
      const rest = bytes.subarray(copied[source])
      copied[source] -= bytes.length - rest.length
      if (rest.length > 0) yield { source, bytes: rest }
    }
  }

  /** Ends without an error when reading the log fails. The rest is read after the end of the task. */
  async *#readFollowed(taskId: string): AsyncGenerator<OutputChunk> {
    const { signal } = this.#following
    try {
      for await (const chunk of this.#read(taskId, { follow: true, call: { ...this.#call, signal } })) {
        yield chunk
        if (signal.aborted) return
      }
    } catch {
      this.#call.signal?.throwIfAborted()
    }
  }

  async *#read(
    taskId: string,
    { follow, call }: { readonly follow: boolean; readonly call: EngineCall },
  ): AsyncGenerator<OutputChunk> {
    const { stdout, stderr } = this.#options
    const query = { follow, stdout: stdout !== undefined, stderr: stderr !== undefined, tail: 'all' }
    const named = { ...call, subject: taskId }
    const response = await this.#engine.send({ ...named, method: 'GET', path: `/tasks/${taskId}/logs`, query })
    const splitter = createLogSplitter({ isTerminal: false, hasTimestamps: false, reportsTimestamps: false })
    try {
      for await (const chunk of readChunks(response, call.signal)) yield* toOutput(splitter.push(chunk))
      yield* toOutput(splitter.end())
    } catch (cause) {
      throw this.#engine.translate(cause, named)
    } finally {
      response.destroy()
    }
  }
}

/** Joins successive chunks of one stream, since a swarm sends each line separately. */
function* toOutput(chunks: Iterable<LogChunk>): Iterable<OutputChunk> {
  let joined: { readonly source: OutputChunk['source']; readonly parts: Uint8Array[] } | undefined
  for (const { source: from, bytes } of chunks) {
    const source = from === 'stderr' ? 'stderr' : 'stdout' // only the log of a terminal has combined chunks
    if (joined !== undefined && joined.source !== source)
      yield { source: joined.source, bytes: Buffer.concat(joined.parts) }
    if (joined?.source === source) joined.parts.push(bytes)
    else joined = { source, parts: [bytes] }
  }
  if (joined !== undefined) yield { source: joined.source, bytes: Buffer.concat(joined.parts) }
}

/** Creates a promise and the function that resolves it. */
function createDeferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((fulfill) => (resolve = fulfill))
  return { promise, resolve }
}
