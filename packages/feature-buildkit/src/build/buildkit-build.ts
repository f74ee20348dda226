import type { BuildKitManagers } from '../buildkit-managers.js'
import type { BuildProgressEvent } from './build-progress-event.js'
import type { BuildRequest } from './build-request.js'
import { EventQueue } from './event-queue.js'
import { type RunBuildOptions, runBuild } from './run-build.js'

/** A build under way: its events end with it, and tell nothing of its failure; `result` does. */
export interface BuildKitBuild extends AsyncIterable<BuildProgressEvent> {
  readonly result: Promise<BuildResult>
}

/** What came of a build. */
export interface BuildResult {
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

/** Starts at once. */
export function startBuild(
  managers: BuildKitManagers,
  request: BuildRequest,
  options: Omit<RunBuildOptions, 'onEvents'>,
): BuildKitBuild {
  const queue = new EventQueue()
  const onEvents = (events: readonly BuildProgressEvent[]) => queue.push(events)
  const result = runBuild(managers, request, { ...options, onEvents }).finally(() => queue.end())
  result.catch(() => {}) // heard by whoever awaits it
  return { result, [Symbol.asyncIterator]: () => queue[Symbol.asyncIterator]() }
}
