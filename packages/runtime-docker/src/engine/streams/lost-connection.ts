import type { HostError } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import type { DockerEngine } from '../docker-engine.js'

/** The error for a stream that ended while its container runs, and for an engine that hangs. */
export function toConnectionLost(
  { details }: Pick<DockerEngine, 'details'>,
  { cause, lastTimestamp }: LostFacts = {},
): HostError<'CONNECTION_LOST'> {
  const facts = { endpoint: details.endpoint.url, lastTimestamp }
  return createHostError('CONNECTION_LOST', facts, cause === undefined ? undefined : { cause })
}

interface LostFacts {
  readonly cause?: unknown
  readonly lastTimestamp?: string | undefined
}
