import type { OperationOptions } from '@capstan/core'
import type { BuildKitClient } from '../control/buildkit-client.js'
import type { BuildProgressEvent } from './build-progress-event.js'
import { StatusEvents } from './status-events.js'

/**
 * Yields the events of a build that runs or is in the history of the daemon, from its begin. Ends when the build has ended.
 * Unlike the events of `runBuild`, they can have values of secrets that a step has printed.
 *
 * @throws HostError OPERATION_FAILED when there is no such build
 */
export async function* readBuildEvents(
  client: Pick<BuildKitClient, 'status'>,
  ref: string,
  options?: OperationOptions,
): AsyncIterable<BuildProgressEvent> {
  const events = new StatusEvents()
  for await (const answer of client.status(ref, options)) yield* events.push(answer)
}
