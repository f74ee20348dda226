import { type LogOptions, runtimeCapability } from '@capstan/core'
import { refuseField } from '@capstan/core/plugin'
import type { DockerEngine } from '../../engine/docker-engine.js'

/** Throws OPTION_UNSUPPORTED for what of these options the engine refuses. */
export function refuseLogOptions(
  { runtimeName, details }: Pick<DockerEngine, 'runtimeName' | 'details'>,
  { since, timestamps = false }: LogOptions,
): void {
  const refused = { runtime: runtimeName, unsupportedOptions: details.unsupportedOptions }
  refuseField(runtimeCapability, 'logs.since', since, refused)
  refuseField(runtimeCapability, 'logs.timestamps', timestamps, refused)
}
