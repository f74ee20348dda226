import {
  type ContainerConfig,
  type ContainerUpdate,
  type CreateOptions,
  containerControlCapability,
} from '@capstan/core'
import {
  checkConfigOptions,
  checkEngineName,
  checkOption,
  createHostError,
  validateContainerConfig,
  validateContainerUpdate,
} from '@capstan/core/plugin'
import type { DockerEngine } from '../engine/docker-engine.js'

/**
 * Checks a config and the options of `createContainer` without a request. Throws INVALID_ARGUMENT from core's validator, or
 * OPTION_UNSUPPORTED.
 */
export function validateConfig(
  { runtimeName, details }: Pick<DockerEngine, 'runtimeName' | 'details'>,
  config: ContainerConfig,
  options: CreateOptions = {},
): void {
  validateContainerConfig(config, options)
  checkMemory(config.memoryBytes, 'memoryBytes')
  checkConfigOptions(runtimeName, config, details.unsupportedOptions)
  checkEngineNames(config, details.facts)
  checkCpus(runtimeName, config.cpus, details.facts)
}

/** Checks the settings of `updateContainer` without a request. Throws as {@link validateConfig}. */
export function validateUpdate(
  { runtimeName, details }: Pick<DockerEngine, 'runtimeName' | 'details'>,
  update: ContainerUpdate,
): void {
  validateContainerUpdate(update)
  checkMemory(update.memoryBytes, 'update.memoryBytes')
  const { unsupportedOptions } = details
  const support = { runtime: runtimeName, unsupportedOptions }
  checkOption(containerControlCapability, 'container-control.update', update, support)
  checkConfigOptions(runtimeName, update, unsupportedOptions)
  checkCpus(runtimeName, update.cpus, details.facts)
}

function checkMemory(bytes: number | undefined, field: string): void {
  if (bytes === undefined || bytes >= leastMemoryBytes) return
  const expected = `at least ${leastMemoryBytes}`
  throw createHostError('INVALID_ARGUMENT', { field, expected, given: String(bytes) })
}

function checkCpus(runtime: string, cpus: number | undefined, { cpus: most }: DockerEngine['details']['facts']): void {
  if (cpus === undefined || most === undefined || cpus <= most) return
  const reason = `the machine of the engine has only ${most}`
  throw createHostError('OPTION_UNSUPPORTED', { runtime, field: 'cpus', given: String(cpus), reason })
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
