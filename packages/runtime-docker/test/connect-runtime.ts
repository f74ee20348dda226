import { onTestFinished } from 'vitest'
import type { AvailableTestEngine } from '../../../test/support/test-engine.js'
import { DockerExecManager } from '../src/docker-exec-manager.js'
import { DockerFirewallManager } from '../src/docker-firewall-manager.js'
import { DockerNetworkManager } from '../src/docker-network-manager.js'
import { DockerRuntime } from '../src/docker-runtime.js'
import { DockerSidecarManager } from '../src/docker-sidecar-manager.js'
import type { DockerDetails } from '../src/engine/docker-details.js'
import { type ConnectedEngine, connectEngine } from './connect-engine.js'

export interface ConnectedRuntime extends ConnectedEngine {
  readonly runtime: DockerRuntime
  readonly sidecars: DockerSidecarManager
  readonly execs: DockerExecManager
  readonly firewalls: DockerFirewallManager
  readonly networks: DockerNetworkManager
  /** The objects that this runtime has created and not removed. */
  listLeftovers(): Promise<readonly string[]>
}

/** Creates a runtime on a real engine for one test, after which its objects are removed. */
export function connectRuntime(
  testEngine: AvailableTestEngine,
  changes: Partial<DockerDetails> = {},
): ConnectedRuntime {
  const connected = connectEngine(testEngine, changes)
  const { engine, instance } = connected
  const runtime = new DockerRuntime(engine)
  const networks = new DockerNetworkManager(engine)
  const labels = { 'capstan.owner.instance': instance }
  const list = async () => ({
    containers: (await runtime.listContainers({ labels })).map(({ id }) => id),
    networks: (await networks.listNetworks({ labels })).map(({ id }) => id),
  })
  onTestFinished(async () => {
    const left = await list()
    await Promise.all(left.containers.map((id) => runtime.removeContainer(id)))
    await Promise.all(left.networks.map((id) => networks.removeNetwork(id)))
  })
  return {
    ...connected,
    runtime,
    networks,
    sidecars: new DockerSidecarManager(engine),
    execs: new DockerExecManager(engine),
    firewalls: new DockerFirewallManager(engine),
    listLeftovers: async () => Object.values(await list()).flat(),
  }
}
