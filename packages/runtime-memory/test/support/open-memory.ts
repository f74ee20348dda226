import {
  composeManagerCapability,
  containerControlCapability,
  containerStatsCapability,
  createRuntimeHost,
  eventStreamCapability,
  execManagerCapability,
  fileTransferCapability,
  firewallManagerCapability,
  imageBuilderCapability,
  imageManagerCapability,
  imageTransferCapability,
  jobManagerCapability,
  networkManagerCapability,
  type RuntimePlugin,
  requireCapabilities,
  sidecarManagerCapability,
  volumeManagerCapability,
} from '@capstan/core'
import { type MemoryPluginOptions, memoryPlugin } from '../../src/index.js'

export type OpenMemory = Awaited<ReturnType<typeof openMemory>>

/** Opens a simulation with every manager through the host. Disposing closes both. */
export async function openMemory(options: MemoryPluginOptions = {}) {
  return await openPlugin(memoryPlugin(options))
}

/** Opens an existing plugin, which keeps its state. */
export async function openPlugin(plugin: RuntimePlugin) {
  const host = createRuntimeHost({ plugins: [plugin], env: {} })
  const scope = await host.open({ runtime: plugin.name })
  const managers = requireCapabilities(scope, {
    builder: imageBuilderCapability,
    compose: composeManagerCapability,
    control: containerControlCapability,
    exec: execManagerCapability,
    firewalls: firewallManagerCapability,
    files: fileTransferCapability,
    images: imageTransferCapability,
    manager: imageManagerCapability,
    networks: networkManagerCapability,
    sidecars: sidecarManagerCapability,
    volumes: volumeManagerCapability,
    stats: containerStatsCapability,
    events: eventStreamCapability,
    jobs: jobManagerCapability,
  })
  return { host, scope, runtime: scope.runtime, ...managers, [Symbol.asyncDispose]: () => host[Symbol.asyncDispose]() }
}

/** Lists all objects except the initial images and the default network. */
export async function listObjects({ runtime, networks, volumes }: OpenMemory) {
  const found = await Promise.all([
    runtime.listContainers(),
    networks.listNetworks(),
    volumes.listVolumes(),
    runtime.listImages(),
  ])
  const [containers, allNetworks, allVolumes, images] = found
  return {
    containers: containers.map(({ name, state }) => `${name} ${state}`),
    networks: allNetworks.map(({ name }) => name).filter((name) => name !== 'bridge'),
    volumes: allVolumes.map(({ name }) => name),
    images: images.flatMap(({ tags }) => tags).filter((tag) => tag !== 'busybox:latest'),
  }
}

export const noObjects = { containers: [], networks: [], volumes: [], images: [] }
