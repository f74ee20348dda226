import type { NodeInfo, ServiceInfo, ServiceInspection, ServicePort, StoredObjectInfo, TaskInfo } from '@capstan/core'
import type { StringMap } from '@capstan/core/plugin'
import { toAge } from './duration.js'
import { type FieldLine, renderFieldLines, toLabelLines } from './field-lines.js'
import type { Row } from './row-format.js'

/** Whether the IDs in a list are shortened. */
export interface IdOptions {
  readonly truncate: boolean
}

/** The name of a field of a service in `--format`, as in docker. */
export type ServiceField = 'ID' | 'Name' | 'Mode' | 'Replicas' | 'Image' | 'Ports' | 'Labels' | 'Label'

/** The titles of the fields of a service. */
export const serviceTitles: Row<ServiceField> = {
  ID: 'ID',
  Name: 'NAME',
  Mode: 'MODE',
  Replicas: 'REPLICAS',
  Image: 'IMAGE',
  Ports: 'PORTS',
  Labels: 'LABELS',
  Label: (key: string): string => key,
}

/** Returns the fields of a service in a list. */
export function toServiceRow(service: ServiceInfo, { truncate }: IdOptions): Row<ServiceField> {
  const { id, name, running, desired, image, ports, labels } = service
  return {
    ID: toId(id, truncate),
    Name: name,
    Mode: toMode(service),
    Replicas: `${running}/${desired}`,
    Image: image,
    Ports: toPortsText(ports),
    ...toLabelFields(labels),
  }
}

/** The name of a field of a task in `--format`, as in docker. */
export type TaskField = 'ID' | 'Name' | 'Image' | 'Node' | 'DesiredState' | 'CurrentState' | 'Error' | 'Ports'

/** The titles of the fields of a task. */
export const taskTitles: Row<TaskField> = {
  ID: 'ID',
  Name: 'NAME',
  Image: 'IMAGE',
  Node: 'NODE',
  DesiredState: 'DESIRED STATE',
  CurrentState: 'CURRENT STATE',
  Error: 'ERROR',
  Ports: 'PORTS',
}

/** A task with the names of its service and node. */
export interface NamedTask {
  readonly task: TaskInfo
  readonly service: string
  /** The host name of the node; the empty string while no node has the task. */
  readonly node: string
}

/** Returns the name of a task: `web.1`, and `web.NODE` for a service with one task per node. */
export function toTaskName({ task, service }: Pick<NamedTask, 'task' | 'service'>): string {
  return `${service}.${task.slot ?? task.nodeId ?? ''}`
}

/** Returns the fields of a task in a list. */
export function toTaskRow(named: NamedTask, now: Date, { truncate }: IdOptions): Row<TaskField> {
  const { task, node } = named
  const { state, changedAt, reason = '', ports } = task
  return {
    ID: toId(task.id, truncate),
    Name: toTaskName(named),
    Image: task.image,
    Node: node,
    DesiredState: task.isDesired ? 'Running' : 'Shutdown',
    CurrentState: `${state.charAt(0).toUpperCase()}${state.slice(1)} ${toAge(changedAt, now)}`,
    Error: reason,
    Ports: toPortsText(ports.map((port) => ({ ...port, mode: 'host' }))),
  }
}

/** The name of a field of a node in `--format`, as in docker. */
export type NodeField = 'ID' | 'Hostname' | 'Status' | 'Availability' | 'ManagerStatus' | 'EngineVersion'

/** The titles of the fields of a node. */
export const nodeTitles: Row<NodeField> = {
  ID: 'ID',
  Hostname: 'HOSTNAME',
  Status: 'STATUS',
  Availability: 'AVAILABILITY',
  ManagerStatus: 'MANAGER STATUS',
  EngineVersion: 'ENGINE VERSION',
}

/** Returns the fields of a node in a list. */
export function toNodeRow({
  id,
  hostname,
  state,
  availability,
  role,
  isLeader,
  engineVersion,
}: NodeInfo): Row<NodeField> {
  return {
    ID: id,
    Hostname: hostname,
    Status: toTitle(state),
    Availability: toTitle(availability),
    ManagerStatus: role === 'worker' ? '' : isLeader ? 'Leader' : 'Reachable',
    EngineVersion: engineVersion,
  }
}

/** The name of a field of a secret or a config in `--format`, as in docker. */
export type StoredObjectField = 'ID' | 'Name' | 'CreatedAt' | 'Labels' | 'Label'

/** The titles of the fields of a secret or a config. */
export const storedObjectTitles: Row<StoredObjectField> = {
  ID: 'ID',
  Name: 'NAME',
  CreatedAt: 'CREATED',
  Labels: 'LABELS',
  Label: (key: string): string => key,
}

/** Returns the fields of a secret or a config in a list. */
export function toStoredObjectRow(
  { id, name, createdAt, labels }: StoredObjectInfo,
  now: Date,
): Row<StoredObjectField> {
  return { ID: id, Name: name, CreatedAt: toAge(createdAt, now), ...toLabelFields(labels) }
}

/** Returns the fields of `service inspect --format`, by the names that docker gives them. */
export function toServiceFields(service: ServiceInspection): object {
  const { id, name, labels, image, command, constraints, networks, replicas, endpointMode, ports } = service
  const mode = replicas === 'one-per-node' ? { Global: {} } : { Replicated: { Replicas: replicas } }
  const { secrets, configs, update } = service
  return {
    ID: id,
    CreatedAt: service.createdAt.toISOString(),
    UpdatedAt: service.updatedAt.toISOString(),
    Spec: {
      Name: name,
      Labels: labels,
      TaskTemplate: {
        ContainerSpec: {
          Image: image,
          Args: command ?? [],
          Secrets: secrets.map(({ secretId, secretName, target }) => {
            return { SecretID: secretId, SecretName: secretName, File: { Name: target } }
          }),
          Configs: configs.map(({ configId, configName, target }) => {
            return { ConfigID: configId, ConfigName: configName, File: { Name: target } }
          }),
        },
        Placement: { Constraints: constraints },
        Networks: networks.map((target) => ({ Target: target })),
      },
      Mode: mode,
      EndpointSpec: { Mode: endpointMode, Ports: ports.map(toPortFields) },
    },
    ServiceStatus: { RunningTasks: service.running, DesiredTasks: service.desired },
    UpdateStatus: { State: update?.state ?? '', Message: update?.message ?? '' },
  }
}

/** Formats a service as lines of a name and a value. */
export function toServiceText(service: ServiceInspection): string {
  const { id, name, image, command, running, desired, update, networks, constraints, endpointMode, ports } = service
  const optional: readonly (FieldLine | undefined)[] = [
    command && ['command', command.join(' ')],
    ports.length === 0 ? undefined : ['ports', toPortsText(ports)],
    networks.length === 0 ? undefined : ['networks', `${networks.join(', ')} (${endpointMode})`],
    constraints.length === 0 ? undefined : ['constraints', constraints.join(', ')],
    ...service.secrets.map(({ secretName, target }) => ['secret', `${secretName} at ${target}`] as const),
    ...service.configs.map(({ configName, target }) => ['config', `${configName} at ${target}`] as const),
    update && ['update', update.message === '' ? update.state : `${update.state}: ${update.message}`],
  ]
  return renderFieldLines([
    ['name', name],
    ['ID', id],
    ['image', image],
    ['mode', toMode(service)],
    ['replicas', `${running} of ${desired} run`],
    ['created', service.createdAt.toISOString()],
    ['updated', service.updatedAt.toISOString()],
    ...optional.filter((line) => line !== undefined),
    ...toLabelLines(service.labels),
  ])
}

function toMode({ replicas, isJob }: ServiceInfo): string {
  const mode = replicas === 'one-per-node' ? 'global' : 'replicated'
  return isJob ? `${mode} job` : mode
}

/** Formats ports as docker does: `*:8080->80/tcp`. */
function toPortsText(ports: readonly ServicePort[]): string {
  return ports
    .map(({ containerPort, hostPort, protocol = 'tcp' }) => {
      return hostPort === undefined ? `${containerPort}/${protocol}` : `*:${hostPort}->${containerPort}/${protocol}`
    })
    .join(', ')
}

function toPortFields({ containerPort, hostPort, protocol = 'tcp', mode = 'host' }: ServicePort): object {
  return { Protocol: protocol, TargetPort: containerPort, PublishedPort: hostPort ?? 0, PublishMode: mode }
}

function toId(id: string, truncate: boolean): string {
  return truncate ? id.slice(0, 12) : id
}

function toTitle(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}

function toLabelFields(labels: StringMap) {
  return {
    Labels: Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    Label: (key: string) => (Object.hasOwn(labels, key) ? labels[key] : ''),
  }
}
