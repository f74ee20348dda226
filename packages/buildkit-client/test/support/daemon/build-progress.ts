import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { type Timestamp, timestampFromMs } from '@bufbuild/protobuf/wkt'
import {
  type StatusResponse,
  StatusResponseSchema,
  type VertexSchema,
  type VertexStatusSchema,
} from '../../../src/generated/control_pb.js'

/** A vertex of the build graph: a step, or the work before and after the steps. */
export interface BuildVertex {
  readonly digest: string
  readonly name: string
  readonly inputs: readonly string[]
}

/** Records the progress of one build. Any number of `Status` calls can follow it, also after its end. */
export class BuildProgress {
  readonly #responses: StatusResponse[] = []
  readonly #counts = { total: new Set<string>(), completed: new Set<string>(), cached: new Set<string>() }
  #isEnded = false
  #wake: (() => void)[] = []

  /** Reports vertexes that will run. */
  announce(vertexes: readonly BuildVertex[]): void {
    this.#push({ vertexes: vertexes.map((vertex) => this.#toVertex(vertex)) })
  }

  /** Reports the start of a vertex. The returned interval must be completed. A vertex can have several intervals. */
  start(vertex: BuildVertex): VertexInterval {
    const started = now()
    const report = (rest: { readonly completed?: Timestamp; readonly error?: string }) => {
      this.#push({ vertexes: [{ ...this.#toVertex(vertex), started, ...rest }] })
    }
    report({})
    return {
      complete: ({ error = '' } = {}) => {
        this.#counts.completed.add(vertex.digest)
        report({ completed: now(), error })
      },
    }
  }

  /** Reports vertexes whose results are in the cache. */
  reportCached(vertexes: readonly BuildVertex[]): void {
    const at = now()
    for (const { digest } of vertexes) {
      this.#counts.completed.add(digest)
      this.#counts.cached.add(digest)
    }
    const toCached = (vertex: BuildVertex) => ({
      ...this.#toVertex(vertex),
      started: at,
      completed: at,
      cached: true,
    })
    this.#push({ vertexes: vertexes.map(toCached) })
  }

  /** Reports the progress inside a vertex. Call the returned function with later values. */
  status(vertex: BuildVertex, ID: string, name = ''): (current: number, end?: { readonly isDone: true }) => void {
    const started = now()
    const report = (rest: MessageInitShape<typeof VertexStatusSchema>) => {
      this.#push({ statuses: [{ ID, vertex: vertex.digest, name, started, timestamp: now(), ...rest }] })
    }
    report({})
    return (current, end) => report({ current: BigInt(current), ...(end && { completed: now() }) })
  }

  /** Reports a finished part of a vertex. */
  report(vertex: BuildVertex, ID: string): void {
    this.status(vertex, ID)(0, { isDone: true })
  }

  log(vertex: BuildVertex, stream: 1 | 2, text: string | Uint8Array): void {
    this.#push({ logs: [{ vertex: vertex.digest, timestamp: now(), stream: BigInt(stream), msg: Buffer.from(text) }] })
  }

  warn(warning: NonNullable<MessageInitShape<typeof StatusResponseSchema>['warnings']>[number]): void {
    this.#push({ warnings: [warning] })
  }

  end(): void {
    this.#isEnded = true
    this.#wakeAll()
  }

  get steps(): { readonly numTotalSteps: number; readonly numCompletedSteps: number; readonly numCachedSteps: number } {
    const { total, completed, cached } = this.#counts
    return { numTotalSteps: total.size, numCompletedSteps: completed.size, numCachedSteps: cached.size }
  }

  /** Yields all responses from the first, until the build ends or the signal aborts. */
  async *follow(signal: AbortSignal): AsyncIterable<StatusResponse> {
    for (let at = 0; ; at += 1) {
      while (at >= this.#responses.length) {
        if (this.#isEnded || signal.aborted) return
        await new Promise<void>((resolve) => {
          this.#wake.push(resolve)
          signal.addEventListener('abort', () => resolve(), { once: true })
        })
      }
      const response = this.#responses[at]
      if (response !== undefined) yield response
    }
  }

  #toVertex({ digest, name, inputs }: BuildVertex): MessageInitShape<typeof VertexSchema> {
    this.#counts.total.add(digest)
    return { digest, name, inputs: [...inputs] }
  }

  #push(response: MessageInitShape<typeof StatusResponseSchema>): void {
    this.#responses.push(create(StatusResponseSchema, response))
    this.#wakeAll()
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}

export interface VertexInterval {
  complete(end?: { readonly error?: string }): void
}

/** The nanoseconds make the times of two events differ. */
export function now(): Timestamp {
  const timestamp = timestampFromMs(Date.now())
  counter = (counter + 1) % 1_000_000
  return { ...timestamp, nanos: timestamp.nanos + counter }
}

let counter = 0
