import { type ContainerConfig, createHostError, type RefusableField } from '@capstan/core'
import type { DockerEngine } from '../docker-engine.js'

/**
 * Hands the warnings of a create on.
 *
 * @throws HostError OPTION_UNSUPPORTED for one that says that the engine dropped an option which the caller gave.
 */
export function passWarnings(
  { runtimeName, warn }: Pick<DockerEngine, 'runtimeName' | 'warn'>,
  config: ContainerConfig,
  warnings: readonly string[],
): void {
  for (const reason of warnings) {
    const field = dropped.find(({ text }) => text.test(reason))?.field
    const given = field === undefined ? undefined : config[field]
    if (field === undefined || given === undefined) warn(reason)
    else throw createHostError('OPTION_UNSUPPORTED', { runtime: runtimeName, field, given: String(given), reason })
  }
}

/** moby, `daemon/daemon_unix.go`. Swap alone is not an option here, so its loss is a warning. */
const dropped: readonly { readonly field: RefusableField & keyof ContainerConfig; readonly text: RegExp }[] = [
  { field: 'memoryBytes', text: /does not support memory limit|memory limit.*discarded/i },
  { field: 'cpus', text: /does not support CPU (CFS|cfs)|CPU (shares|cfs).*discarded/i },
  { field: 'pidsLimit', text: /pids limit.*discarded/i },
]
