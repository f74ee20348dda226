import { isIP } from 'node:net'
import type { ContainerConfig } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { getHostAddress } from '../endpoint/host-address.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'

/** Replaces `host-gateway` with the address of this host, for an engine that does not support it. */
export async function withHostGateway(
  engine: DockerEngine,
  config: ContainerConfig,
  { signal, isBounded }: EngineCall,
): Promise<ContainerConfig> {
  const { extraHosts = {}, network } = config
  if (!engine.details.quirks.lacksHostGateway || !Object.values(extraHosts).includes(word)) return config
  const joined = network?.mode === 'networks' ? { networkId: network.networks[0].networkId } : {}
  const address = await getHostAddress(engine, { ...joined, signal, isBounded })
  if (address === undefined || isIP(address) === 0) throw toUnknown(engine, address)
  const entries = Object.entries(extraHosts).map(([name, given]) => [name, given === word ? address : given])
  return { ...config, extraHosts: Object.fromEntries(entries) }
}

function toUnknown({ runtimeName }: DockerEngine, name: string | undefined): unknown {
  const found =
    name === undefined ? 'the address of this host is unknown' : `only the name ${name} of this host is known`
  const reason = `the engine does not support host-gateway, and ${found}`
  const remedy = 'pass hostAddress to the plugin'
  return createHostError('OPTION_UNSUPPORTED', {
    runtime: runtimeName,
    field: 'extraHosts',
    given: word,
    reason,
    remedy,
  })
}

const word = 'host-gateway'
