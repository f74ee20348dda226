import type { ContainerConfig } from '@capstan/core'
import {
  checkConfigOptions,
  checkEngineName,
  createHostError,
  type NetworkJoin,
  validateContainerConfig,
} from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'

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

/**
 * Rejects with NETWORK_NOT_FOUND for a missing network, with INVALID_ARGUMENT for the networks `host` and `none`, and
 * with OPTION_UNSUPPORTED for aliases on the default network. The engine itself would create the container and fail at
 * its start.
 */
export async function checkNetworks(
  engine: DockerEngine,
  { network }: ContainerConfig,
  call: EngineCall,
): Promise<void> {
  if (network?.mode !== 'networks') return
  await Promise.all(network.networks.map((join) => checkNetwork(engine, join, call)))
}

async function checkNetwork(
  engine: DockerEngine,
  { networkId, aliases = [] }: NetworkJoin,
  call: EngineCall,
): Promise<void> {
  const api = await engine.api({ ...call, subject: networkId })
  const { Name } = await api.getNetwork(encodeURIComponent(networkId)).inspect()
  if (Name === 'host' || Name === 'none') {
    const expected = `network: { mode: '${Name}' } in place of the id of that network`
    throw createHostError('INVALID_ARGUMENT', { field: 'network', expected, given: JSON.stringify(networkId) })
  }
  if (Name !== 'bridge' || aliases.length === 0) return
  throw createHostError('OPTION_UNSUPPORTED', {
    runtime: engine.runtimeName,
    field: 'network.aliases',
    given: aliases.join(', '),
    reason: 'the default network has no name server',
    remedy: 'create a network',
  })
}
