import {
  createRuntimeHost,
  jobManagerCapability,
  networkManagerCapability,
  requireCapabilities,
  type ServiceConfig,
  type SwarmManager,
  swarmManagerCapability,
} from '@capstan/core'
import { type MemoryClusterOptions, type MemoryPluginOptions, memoryPlugin } from '../../src/index.js'

/** Opens a simulation with a cluster, of three nodes by default. */
export async function openCluster({
  nodes = 3,
  ...options
}: MemoryPluginOptions & Partial<Pick<MemoryClusterOptions, 'nodes'>> = {}) {
  const plugin = memoryPlugin({ ...options, cluster: { nodes, monitorMs: 20 } })
  const host = createRuntimeHost({ plugins: [plugin], env: {} })
  const scope = await host.open({ runtime: plugin.name })
  const managers = requireCapabilities(scope, {
    swarm: swarmManagerCapability,
    jobs: jobManagerCapability,
    networks: networkManagerCapability,
  })
  const { cluster } = plugin
  const close = () => host[Symbol.asyncDispose]()
  return { plugin, host, scope, runtime: scope.runtime, cluster, ...managers, [Symbol.asyncDispose]: close }
}

/** A service whose tasks run until they are stopped. */
export function sleeping(config: Partial<ServiceConfig> = {}): ServiceConfig {
  return { name: 'web', image: 'busybox', command: ['sleep', '1000'], replicas: 3, ...config }
}

/** Returns the names of the nodes that run a task of the service, in order. */
export async function listPlaces(swarm: SwarmManager, service: string): Promise<readonly string[]> {
  const [tasks, nodes] = await Promise.all([swarm.listTasks(service), swarm.listNodes()])
  const running = tasks.filter(({ state, isDesired }) => isDesired && state === 'running')
  return running.map(({ nodeId }) => nodes.find(({ id }) => id === nodeId)?.hostname ?? '').sort()
}

/** Waits until a condition of a cluster is met. */
export async function until(isMet: () => Promise<boolean>): Promise<void> {
  while (!(await isMet())) await new Promise((resolve) => setTimeout(resolve, 2))
}
