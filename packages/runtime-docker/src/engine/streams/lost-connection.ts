import type { HostError } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import type { DockerEngine } from '../docker-engine.js'

/** The error for a stream that ended before its expected end, and for an engine that hangs. */
export function toConnectionLost(
  { details }: Pick<DockerEngine, 'details'>,
  options?: { readonly cause: unknown },
): HostError<'CONNECTION_LOST'> {
  return createHostError('CONNECTION_LOST', { endpoint: details.endpoint.url, lastTimestamp: undefined }, options)
}
