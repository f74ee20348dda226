import type { ServicePort } from '@capstan/core'
import { type PublishedPorts, publishPorts } from '../networks/published-ports.js'
import type { ClusterNode } from './cluster-node.js'
import type { ClusterService } from './cluster-service.js'

/** The open ports of mode `ingress` of a service. */
export interface Ingress {
  /** The ports with their numbers. */
  readonly ports: readonly ServicePort[]
  close(): Promise<void>
}

/** Listens for a service on its ports of mode `ingress` on all nodes, and passes each connection to a running task. */
export async function openIngress(
  nodes: readonly ClusterNode[],
  service: ClusterService,
  ports: readonly ServicePort[],
): Promise<Ingress> {
  const addresses = [...new Set(nodes.map(({ address }) => address))]
  const opened: PublishedPorts[] = []
  const close = async () => void (await Promise.all(opened.map((each) => each.close())))
  const numbered: ServicePort[] = []
  try {
    for (const port of ports.filter(({ mode }) => mode === 'ingress')) {
      let { hostPort } = port
      for (const hostAddress of addresses) {
        const spec = { containerPort: port.containerPort, hostAddress, ...(hostPort !== undefined && { hostPort }) }
        const published = await publishPorts([spec], createRouter(service), () => [])
        opened.push(published)
        // All nodes open the port that was free on the first one.
        hostPort ??= published.bindings[0]?.hostPort
      }
      numbered.push({ ...port, ...(hostPort !== undefined && { hostPort }) })
    }
    return { ports: numbered, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Passes connections to the running tasks in turn. */
function createRouter(service: ClusterService): Parameters<typeof publishPorts>[1] {
  let turn = 0
  return {
    accept: (port, connection) => {
      const running = service.tasks.flatMap(({ state, container }) =>
        state === 'running' ? (container?.latestRun ?? []) : [],
      )
      turn += 1
      return running[turn % running.length]?.network.networking.namespace.accept(port, connection) ?? false
    },
  }
}
