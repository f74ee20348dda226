import type { ContainerConfig } from '@capstan/core'
import { checkConfigOptions, checkEngineName, createHostError, validateContainerConfig } from '@capstan/core/plugin'
import type { DockerEngine } from '../engine/docker-engine.js'

/** Checks a config without a request. Throws INVALID_ARGUMENT from core's validator, or OPTION_UNSUPPORTED. */
export function validateConfig(
  { runtimeName, details }: Pick<DockerEngine, 'runtimeName' | 'details'>,
  config: ContainerConfig,
): void {
  validateContainerConfig(config)
  const { memoryBytes, cpus } = config
  if (memoryBytes !== undefined && memoryBytes < leastMemoryBytes) {
    const expected = `at least ${leastMemoryBytes}`
    throw createHostError('INVALID_ARGUMENT', { field: 'memoryBytes', expected, given: String(memoryBytes) })
  }
  checkConfigOptions(runtimeName, config, details.unsupportedOptions)
  checkEngineNames(config, details.facts)
  const most = details.facts.cpus
  if (cpus !== undefined && most !== undefined && cpus > most) {
    const reason = `the machine of the engine has only ${most}`
    throw createHostError('OPTION_UNSUPPORTED', { runtime: runtimeName, field: 'cpus', given: String(cpus), reason })
  }
}

/**
 * Checks the OCI runtime and the log driver against the lists of the engine. An engine that reports no list checks them itself,
 * and so does containerd for the full name of a shim. The driver `none` is in no list.
 */
function checkEngineNames({ ociRuntime, logDriver }: ContainerConfig, facts: DockerEngine['details']['facts']): void {
  const runtimes = Object.keys(facts.ociRuntimes)
  const isShim = ociRuntime?.startsWith('io.containerd.') === true
  if (ociRuntime !== undefined && !isShim && runtimes.length > 0) checkEngineName('ociRuntime', ociRuntime, runtimes)
  if (logDriver === undefined || facts.logDrivers.length === 0) return
  checkEngineName('logDriver.name', logDriver.name, [...new Set([...facts.logDrivers, 'none'])])
}

/** https://docs.docker.com/engine/containers/resource_constraints/ */
const leastMemoryBytes = 6 * 1024 * 1024
