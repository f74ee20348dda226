import type { TaskInfo, TaskState } from '@capstan/core'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { listSwarmNodes } from './nodes.js'
import type { SwarmTask } from './swarm-answers.js'

/** Which tasks are listed. */
export interface TaskFilter {
  /** The id or the name of the service; the list rejects with SERVICE_NOT_FOUND if it does not exist. */
  readonly service?: string
  /** The names of services, also of removed ones. Lists also the tasks of services whose names begin with one of them. */
  readonly names?: readonly string[]
  /** A label of the service with its value, `key=value`. */
  readonly label?: string
  /** The state in which the swarm wants the tasks. */
  readonly desiredState?: 'running'
  /** Only tasks with the current settings of their service. */
  readonly isUpToDate?: boolean
}

/**
 * Lists tasks in the format of the engine. `_up-to-date` is the filter by which docker's client waits for a service; the API's
 * reference does not list it.
 */
export function listSwarmTasks(
  engine: DockerEngine,
  { service, names, label, desiredState, isUpToDate = false }: TaskFilter,
  call: EngineCall,
): Promise<readonly SwarmTask[]> {
  const filters = {
    ...(service !== undefined && { service: [service] }),
    ...(names !== undefined && { name: names }),
    ...(label !== undefined && { label: [label] }),
    ...(desiredState !== undefined && { 'desired-state': [desiredState] }),
    ...(isUpToDate && { '_up-to-date': ['true'] }),
  }
  return engine.sendJson<readonly SwarmTask[]>({ ...call, method: 'GET', path: '/tasks', query: { filters } })
}

/** Lists the tasks of the service given by the call's subject, the newest first. */
export async function listTasks(engine: DockerEngine, call: EngineCall): Promise<readonly TaskInfo[]> {
  const tasks = await listSwarmTasks(engine, { service: call.subject }, call)
  const lostNodes = await findLostNodes(engine, tasks, call)
  return toNewestFirst(tasks).map((task) => toTaskInfo(task, lostNodes))
}

/**
 * Returns the ids of the nodes of these tasks that the swarm has lost. The tasks there keep their last state, so nodes are requested
 * only when the state of a task is active although it is not to run.
 */
export async function findLostNodes(
  engine: DockerEngine,
  tasks: readonly SwarmTask[],
  call: EngineCall,
): Promise<ReadonlySet<string>> {
  if (!tasks.some((task) => isActive(task) && !isDesired(task))) return new Set()
  const nodes = await listSwarmNodes(engine, call)
  const reachable = new Set(nodes.filter(({ Status }) => Status?.State !== 'down').map(({ ID }) => ID))
  return new Set(tasks.flatMap(({ NodeID }) => (NodeID && !reachable.has(NodeID) ? [NodeID] : [])))
}

/** Converts a task to the format of the contract. */
export function toTaskInfo(task: SwarmTask, lostNodes: ReadonlySet<string>): TaskInfo {
  const { ID: id, Slot, NodeID, Spec, CreatedAt, Status = {} } = task
  const { ContainerID = '', ExitCode } = Status.ContainerStatus ?? {}
  const isLost = NodeID !== undefined && lostNodes.has(NodeID) && isActive(task) && !isDesired(task)
  const state = isLost ? 'lost' : toTaskState(Status.State)
  const hasExited = ContainerID !== '' && ['complete', 'failed', 'stopped'].includes(state)
  return {
    id,
    slot: Slot || undefined,
    nodeId: NodeID || undefined,
    containerId: ContainerID || undefined,
    image: Spec?.ContainerSpec?.Image ?? '',
    state,
    isDesired: isDesired(task),
    exitCode: hasExited && ExitCode !== undefined && ExitCode >= 0 ? ExitCode : undefined,
    reason: Status.Err || undefined,
    ports: toPorts(task),
    createdAt: new Date(CreatedAt),
    changedAt: new Date(Status.Timestamp ?? CreatedAt),
  }
}

/** Sorts tasks by the time of their creation, the newest first. */
export function toNewestFirst(tasks: readonly SwarmTask[]): readonly SwarmTask[] {
  return [...tasks].sort((one, other) => Date.parse(other.CreatedAt) - Date.parse(one.CreatedAt))
}

/** Whether the swarm wants the task to run, now or after the delay of a restart. */
export function isDesired({ DesiredState = '' }: SwarmTask): boolean {
  return ['ready', 'running', 'complete'].includes(DesiredState)
}

/** Whether the task runs or is to be started, by its last reported state. */
export function isActive({ Status }: SwarmTask): boolean {
  return ['pending', 'preparing', 'running'].includes(toTaskState(Status?.State))
}

/** Some engines report a port once for IPv4 and once for IPv6. */
function toPorts({ Status }: SwarmTask): TaskInfo['ports'] {
  const listed = Status?.PortStatus?.Ports ?? []
  const ports = listed.flatMap(({ TargetPort, PublishedPort, Protocol }): TaskInfo['ports'] => {
    if (!TargetPort || !PublishedPort || (Protocol !== 'tcp' && Protocol !== 'udp')) return []
    return [{ containerPort: TargetPort, hostPort: PublishedPort, protocol: Protocol }]
  })
  return [...new Map(ports.map((port) => [JSON.stringify(port), port])).values()]
}

/** https://docs.docker.com/engine/swarm/how-swarm-mode-works/swarm-task-states/ */
function toTaskState(state: string | undefined): TaskState {
  return states.get(state ?? '') ?? 'unknown'
}

const states: ReadonlyMap<string, TaskState> = new Map([
  ['new', 'pending'],
  ['allocated', 'pending'],
  ['pending', 'pending'],
  ['assigned', 'pending'],
  ['accepted', 'pending'],
  ['preparing', 'preparing'],
  ['ready', 'preparing'],
  ['starting', 'preparing'],
  ['running', 'running'],
  ['complete', 'complete'],
  ['shutdown', 'stopped'],
  ['failed', 'failed'],
  ['rejected', 'rejected'],
  ['remove', 'stopped'],
  ['orphaned', 'lost'],
])
