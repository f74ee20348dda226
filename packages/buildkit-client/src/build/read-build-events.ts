import type { OperationOptions } from '@capstan/core'
import { toBuildRecord } from '../control/build-record.js'
import type { BuildKitClient } from '../control/buildkit-client.js'
import type { BuildProgressEvent } from './build-progress-event.js'
import { sortEvents } from './sort-events.js'
import { StatusEvents } from './status-events.js'

/**
 * Yields the events of a build that runs or is in the history of the daemon, from its begin. Ends when the build has ended.
 * Those of a build in the history are yielded after all of them were read. Unlike the events of `runBuild`, they can have values of
 * secrets that a step has printed.
 *
 * @throws HostError OPERATION_FAILED when there is no such build, and with status 12 when the daemon has no history (before v0.11)
 */
export async function* readBuildEvents(
  client: Pick<BuildKitClient, 'status' | 'listenBuildHistory'>,
  ref: string,
  options?: OperationOptions,
): AsyncIterable<BuildProgressEvent> {
  const events = new StatusEvents()
  const isRunning = await isBuildRunning(client, ref, options)
  const recorded: BuildProgressEvent[] = []
  for await (const answer of client.status(ref, options)) {
    if (isRunning) yield* events.push(answer)
    else recorded.push(...events.push(answer))
  }
  // A daemon records the steps of a build before their output.
  yield* sortEvents(recorded)
}

async function isBuildRunning(
  client: Pick<BuildKitClient, 'listenBuildHistory'>,
  ref: string,
  options?: OperationOptions,
): Promise<boolean> {
  let isRunning = false
  for await (const event of client.listenBuildHistory({ Ref: ref, EarlyExit: true }, options))
    isRunning = toBuildRecord(event)?.state === 'running'
  return isRunning
}
