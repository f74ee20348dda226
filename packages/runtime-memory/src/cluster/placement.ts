import type { ServicePort } from '@capstan/core'
import type { ClusterNode } from './cluster-node.js'
import type { ClusterTask } from './cluster-task.js'

/** What a task needs of a node. */
export interface PlacementRequest {
  readonly constraints: readonly string[]
  readonly ports: readonly ServicePort[]
  /** The id of the service, whose tasks are spread over the nodes. */
  readonly serviceId: string
}

/** The node for a task, or why there is none, in the words of a swarm. */
export type Placement = { readonly node: ClusterNode } | { readonly node: undefined; readonly reason: string }

/** Selects the suitable node that runs the fewest tasks of the service, and of those the one that runs the fewest tasks. */
export function placeTask(
  nodes: readonly ClusterNode[],
  tasks: readonly ClusterTask[],
  { constraints, ports, serviceId }: PlacementRequest,
): Placement {
  const failures = nodes.map((node) => findObstacle(node, tasks, { constraints, ports, serviceId }))
  const suitable = nodes.filter((_, index) => failures[index] === undefined)
  const count = (node: ClusterNode, isCounted: (task: ClusterTask) => boolean) =>
    tasks.filter((task) => task.node === node && task.isLive && isCounted(task)).length
  const [node] = suitable.toSorted(
    (one, other) =>
      count(one, (task) => task.serviceId === serviceId) - count(other, (task) => task.serviceId === serviceId) ||
      count(one, () => true) - count(other, () => true),
  )
  return node === undefined ? { node, reason: toReason(failures) } : { node }
}

/** Whether the node meets all constraints. */
export function meetsConstraints(node: ClusterNode, constraints: readonly string[]): boolean {
  return constraints.every((constraint) => {
    const [, key = '', operator = '', wanted = ''] = /^\s*([^=!\s]+)\s*(==|!=)\s*(.*?)\s*$/.exec(constraint) ?? []
    const value = readAttribute(node, key)
    // As in a swarm, values are compared without regard to case.
    const isEqual = value !== undefined && value.toLowerCase() === wanted.toLowerCase()
    return operator === '==' ? isEqual : !isEqual
  })
}

const obstacles = {
  unavailable: (count: number) => `${toNodes(count)} not available for new tasks`,
  constraints: (count: number) => `scheduling constraints not satisfied on ${toNodes(count)}`,
  ports: (count: number) => `host-mode port already in use on ${toNodes(count)}`,
} as const

function findObstacle(
  node: ClusterNode,
  tasks: readonly ClusterTask[],
  { constraints, ports }: PlacementRequest,
): keyof typeof obstacles | undefined {
  if (!node.acceptsTasks) return 'unavailable'
  if (!meetsConstraints(node, constraints)) return 'constraints'
  const used = tasks
    .filter((task) => task.node === node && task.isLive)
    .flatMap((task) => task.template.config.ports ?? [])
  return ports.some((port) => used.some((other) => collides(port, other))) ? 'ports' : undefined
}

function collides(one: ServicePort, other: ServicePort): boolean {
  const isOnNode = (port: ServicePort) => port.mode !== 'ingress' && port.hostPort !== undefined
  return isOnNode(one) && isOnNode(other) && one.hostPort === other.hostPort
}

function toReason(failures: readonly (keyof typeof obstacles | undefined)[]): string {
  const reasons = Object.entries(obstacles).flatMap(([obstacle, describe]) => {
    const count = failures.filter((failure) => failure === obstacle).length
    return count === 0 ? [] : [describe(count)]
  })
  return `no suitable node (${reasons.join('; ')})`
}

function toNodes(count: number): string {
  return count === 1 ? '1 node' : `${count} nodes`
}

function readAttribute({ id, hostname, isManager, labels }: ClusterNode, key: string): string | undefined {
  const [, label] = /^node\.labels\.(.+)$/.exec(key) ?? []
  if (label !== undefined) return Object.hasOwn(labels, label) ? labels[label] : ''
  const attributes: Readonly<Record<string, string>> = {
    'node.id': id,
    'node.hostname': hostname,
    'node.role': isManager ? 'manager' : 'worker',
    'node.platform.os': 'linux',
  }
  return Object.hasOwn(attributes, key) ? attributes[key] : ''
}
