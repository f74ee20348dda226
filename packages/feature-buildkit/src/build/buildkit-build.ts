import type { BuildProgressEvent } from './build-progress-event.js'
import { EventQueue } from './event-queue.js'

/** A build under way: its events end with it, and tell nothing of its failure; `result` does. */
export interface BuildKitBuild extends AsyncIterable<BuildProgressEvent> {
  /** What came of it. A build that failed: BUILD_FAILED. Nobody need await it. */
  readonly result: Promise<BuildResult>
}

/** What came of a build. */
export interface BuildResult {
  /** Who built: `runtime` is the fallback. */
  readonly builder: 'buildkit' | 'runtime'
  /** The digest of the image's configuration, by which a runtime knows it. */
  readonly imageId: string | undefined
  /** Of the manifest. */
  readonly digest: string | undefined
  /** As BuildKit wrote it. */
  readonly metadata: Readonly<Record<string, unknown>>
  /** What a fallback builder could not do, in words. */
  readonly lost: readonly string[]
}

/** Takes events while a build runs. */
export type EventSink = (events: readonly BuildProgressEvent[]) => void

/** Starts at once. Nobody needs to read the events, or to wait for the result. */
export function createBuild(run: (onEvents: EventSink) => Promise<BuildResult>): BuildKitBuild {
  const queue = new EventQueue()
  const result = run((events) => queue.push(events)).finally(() => queue.end())
  result.catch(() => {}) // heard by whoever awaits it
  return { result, [Symbol.asyncIterator]: () => queue[Symbol.asyncIterator]() }
}
