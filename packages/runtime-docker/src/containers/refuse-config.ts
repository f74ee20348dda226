import type { ContainerConfig } from '@capstan/core'
import { createHostError, refuseOptions, validateContainerConfig } from '@capstan/core/plugin'
import type { DockerEngine } from '../engine/docker-engine.js'

/** Throws what no request is needed for: INVALID_ARGUMENT from the one validator, then OPTION_UNSUPPORTED. */
export function refuseConfig(
  { runtimeName, details }: Pick<DockerEngine, 'runtimeName' | 'details'>,
  config: ContainerConfig,
): void {
  validateContainerConfig(config)
  const { memoryBytes, cpus } = config
  if (memoryBytes !== undefined && memoryBytes < leastMemoryBytes) {
    const expected = `at least ${leastMemoryBytes}`
    throw createHostError('INVALID_ARGUMENT', { field: 'memoryBytes', expected, given: String(memoryBytes) })
  }
  refuseOptions(runtimeName, config, details.unsupportedOptions)
  const most = details.facts.cpus
  if (cpus !== undefined && most !== undefined && cpus > most) {
    const reason = `the machine of the engine has ${most} of them`
    throw createHostError('OPTION_UNSUPPORTED', { runtime: runtimeName, field: 'cpus', given: String(cpus), reason })
  }
}

/** https://docs.docker.com/engine/containers/resource_constraints/ */
const leastMemoryBytes = 6 * 1024 * 1024
