import type { ContainerConfig } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import type { DockerEngine } from '../engine/docker-engine.js'
import { findDroppedOption } from '../engine/docker-error-texts.js'

/**
 * Passes on the warnings of a create.
 *
 * @throws HostError OPTION_UNSUPPORTED for one that says that the engine dropped an option which the caller gave.
 */
export function passWarnings(
  { runtimeName, warn }: Pick<DockerEngine, 'runtimeName' | 'warn'>,
  config: ContainerConfig,
  warnings: readonly string[],
): void {
  for (const reason of warnings) {
    const field = findDroppedOption(reason)
    const given = field === undefined ? undefined : config[field]
    if (field === undefined || given === undefined) warn(reason)
    else throw createHostError('OPTION_UNSUPPORTED', { runtime: runtimeName, field, given: String(given), reason })
  }
}
