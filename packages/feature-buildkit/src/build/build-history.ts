import type { BuildKitClient, BuildRecord } from '@capstan/buildkit-client'
import type { BuildProgressEvent } from '@capstan/buildkit-client/request'
import type { BuildService, OperationOptions } from '@capstan/core'
import { loadBuildKitClient } from '../control/control-connection.js'

/** The builds that a BuildKit runs and those that it has recorded, also those of other clients. */
export interface BuildHistory extends AsyncDisposable {
  /** Resolves with the builds, the newest first. */
  builds(options?: OperationOptions): Promise<readonly BuildRecord[]>
  /** Yields the events of a build, from its begin. Ends when the build has ended. */
  buildEvents(ref: string, options?: OperationOptions): AsyncIterable<BuildProgressEvent>
  /** Removes a build from the history. Resolves if it is not in the history. Does not stop a running build. */
  removeBuild(ref: string, options?: OperationOptions): Promise<void>
}

/** Connects to the history of the engine's own BuildKit. Disposing closes the connection. */
export async function openServiceHistory(
  service: BuildService,
  { runtime, ...options }: OperationOptions & { readonly runtime: string },
): Promise<BuildHistory> {
  const { BuildKitClient } = await loadBuildKitClient()
  const endpoint = `BuildKit of runtime "${runtime}"`
  const client = new BuildKitClient(await service.connect(options), { endpoint })
  return {
    builds: (given) => client.builds(given),
    buildEvents: (ref, given) => readEvents(client, ref, given),
    removeBuild: (ref, given) => client.removeBuild(ref, given),
    [Symbol.asyncDispose]: async () => client.close(),
  }
}

/** Reads the events of a build. */
export async function* readEvents(
  client: BuildKitClient,
  ref: string,
  options: OperationOptions = {},
): AsyncIterable<BuildProgressEvent> {
  const { readBuildEvents } = await loadBuildKitClient()
  yield* readBuildEvents(client, ref, options)
}
