import type { Runtime } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { readLastLines } from '../state/last-lines.js'
import type { InspectedServiceContainer } from '../state/list-services.js'

/** Creates SERVICE_NOT_READY for a container, with the last lines of its log. */
export async function createServiceError(
  runtime: Runtime,
  project: string,
  { service, container }: InspectedServiceContainer,
  { signal }: { readonly signal: AbortSignal },
): Promise<Error> {
  const { id: containerId, state, health, exitCode } = container
  const lastLines = await readLastLines(runtime, containerId, { signal })
  return createHostError('SERVICE_NOT_READY', { project, service, containerId, state, health, exitCode, lastLines })
}
