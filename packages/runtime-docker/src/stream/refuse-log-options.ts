import { type LogOptions, refuseField } from '@capstan/core'
import type { DockerEngine } from '../docker-engine.js'

/** Throws OPTION_UNSUPPORTED for what of these options the engine refuses. */
export function refuseLogOptions(
  { runtimeName, details }: Pick<DockerEngine, 'runtimeName' | 'details'>,
  { since, timestamps = false }: LogOptions,
): void {
  if (since !== undefined) refuseField(runtimeName, 'logs.since', since, details.refuses)
  if (timestamps) refuseField(runtimeName, 'logs.timestamps', true, details.refuses)
}
