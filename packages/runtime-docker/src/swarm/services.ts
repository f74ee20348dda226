import type { ServiceInfo, ServiceInspection, ServicePort, ServiceUpdate } from '@capstan/core'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import type { ServiceSpec, SwarmPort, SwarmService, SwarmTask } from './swarm-answers.js'
import { listSwarmTasks } from './tasks.js'

/** Inspects the service given by the call's subject. Rejects with SERVICE_NOT_FOUND. */
export function inspectSwarmService(engine: DockerEngine, call: EngineCall): Promise<SwarmService> {
  return engine.sendJson<SwarmService>({ ...call, method: 'GET', path: `/services/${call.subject}` })
}

/** Lists services in the format of the contract, with at most one request for the tasks of all of them. */
export async function listServices(
  engine: DockerEngine,
  filters: object,
  call: EngineCall,
): Promise<readonly ServiceInfo[]> {
  const services = await listWithStatus(engine, filters, call)
  const active = services.filter(({ Spec, ServiceStatus }) => !isJob(Spec) && ServiceStatus?.RunningTasks)
  const names = active.map(({ Spec }) => Spec.Name)
  const tasks = names.length === 0 ? [] : await listSwarmTasks(engine, { names, desiredState: 'running' }, call)
  return services.map((service) => toServiceInfo(service, countTasks(service, tasks)))
}

/** Inspects the service given by the call's subject in the format of the contract. Rejects with SERVICE_NOT_FOUND. */
export async function inspectService(engine: DockerEngine, call: EngineCall): Promise<ServiceInspection> {
  const service = await inspectSwarmService(engine, call)
  const { ID: id, Spec } = service
  if (!isJob(Spec)) {
    const tasks = await listSwarmTasks(engine, { service: id, desiredState: 'running' }, call)
    return toServiceInspection(service, countTasks(service, tasks))
  }
  // The tasks of a job also include those of its previous runs, and only a list has the numbers without them.
  const listed = (await listWithStatus(engine, { id: [id] }, call)).find(({ ID }) => ID === id)
  return toServiceInspection(service, countTasks(listed ?? service, []))
}

/** Lists services, each with `ServiceStatus`. */
function listWithStatus(engine: DockerEngine, filters: object, call: EngineCall): Promise<readonly SwarmService[]> {
  const query = { filters, status: true }
  return engine.sendJson<readonly SwarmService[]>({ ...call, method: 'GET', path: '/services', query })
}

type TaskCount = Pick<ServiceInfo, 'running' | 'desired'>

/**
 * Counts the tasks of a service. `tasks`: at least all tasks of it that are to run. `RunningTasks` of the engine also counts tasks
 * that are being stopped, for example after a rollback, so it is used only for jobs.
 */
function countTasks({ ID, Spec, ServiceStatus }: SwarmService, tasks: readonly SwarmTask[]): TaskCount {
  const { RunningTasks = 0, DesiredTasks } = ServiceStatus ?? {}
  if (isJob(Spec)) return { running: RunningTasks, desired: DesiredTasks ?? 0 }
  const wanted = tasks.filter(({ ServiceID, DesiredState }) => ServiceID === ID && DesiredState === 'running')
  const replicas = toReplicas(Spec)
  return {
    running: wanted.filter(({ Status }) => Status?.State === 'running').length,
    desired: DesiredTasks ?? (replicas === 'one-per-node' ? wanted.length : replicas),
  }
}

function toServiceInfo({ ID: id, Spec, Endpoint }: SwarmService, count: TaskCount): ServiceInfo {
  const ports = Endpoint?.Ports ?? Spec.EndpointSpec?.Ports ?? []
  return {
    id,
    name: Spec.Name,
    image: toImage(Spec),
    replicas: toReplicas(Spec),
    isJob: isJob(Spec),
    ...count,
    ports: ports.flatMap(toServicePort),
    labels: Spec.Labels ?? {},
  }
}

/** Returns the number of tasks that a service is to have. */
export function toReplicas({ Mode: mode = {} }: ServiceSpec): ServiceInfo['replicas'] {
  if (mode.Global !== undefined || mode.GlobalJob !== undefined) return 'one-per-node'
  return mode.Replicated?.Replicas ?? mode.ReplicatedJob?.TotalCompletions ?? 1
}

function isJob({ Mode: mode }: ServiceSpec): boolean {
  return mode?.ReplicatedJob !== undefined || mode?.GlobalJob !== undefined
}

function toServiceInspection(service: SwarmService, count: TaskCount): ServiceInspection {
  const { Spec, UpdateStatus, Endpoint } = service
  const { ContainerSpec: container, Networks, Placement } = Spec.TaskTemplate
  const mode = Endpoint?.Spec?.Mode ?? Spec.EndpointSpec?.Mode
  return {
    ...toServiceInfo(service, count),
    createdAt: new Date(service.CreatedAt),
    updatedAt: new Date(service.UpdatedAt),
    update: UpdateStatus?.State ? toUpdate(UpdateStatus) : undefined,
    endpointMode: toEndpointMode(mode),
    command: container.Args ?? undefined,
    networks: (Networks ?? []).flatMap(({ Target }) => Target ?? []),
    constraints: Placement?.Constraints ?? [],
    secrets: (container.Secrets ?? []).map(({ SecretID = '', SecretName = '', File }) => {
      return { secretId: SecretID, secretName: SecretName, target: toTarget('/run/secrets', File) }
    }),
    configs: (container.Configs ?? []).map(({ ConfigID = '', ConfigName = '', File }) => {
      return { configId: ConfigID, configName: ConfigName, target: toTarget('/', File) }
    }),
  }
}

/** Removes the digest, which docker's client adds when it creates a service: `busybox:1@sha256:…`. */
function toImage({ TaskTemplate: { ContainerSpec: container } }: ServiceSpec): string {
  return (container.Image ?? '').replace(/@sha256:[0-9a-f]{64}$/, '')
}

function toUpdate({ State, Message = '' }: NonNullable<SwarmService['UpdateStatus']>): ServiceUpdate {
  return { state: updateStates.get(State ?? '') ?? 'unknown', message: Message }
}

/** Converts a port of a service; nothing for one of a protocol that the contract does not have. */
export function toServicePort({ TargetPort, PublishedPort, Protocol, PublishMode }: SwarmPort): readonly ServicePort[] {
  if (!TargetPort || (Protocol !== 'tcp' && Protocol !== 'udp')) return []
  const mode = PublishMode === 'host' ? 'host' : 'ingress'
  return [{ containerPort: TargetPort, protocol: Protocol, mode, ...(PublishedPort && { hostPort: PublishedPort }) }]
}

export function toEndpointMode(mode: string | undefined): ServiceInspection['endpointMode'] {
  return mode === 'dnsrr' ? 'dnsrr' : 'vip'
}

/** A path without a leading slash is relative to the folder of the secrets, or of the container. */
function toTarget(folder: string, file: { readonly Name: string } | undefined): string {
  const name = file?.Name ?? ''
  return name.startsWith('/') ? name : `${folder.replace(/\/$/, '')}/${name}`
}

const updateStates: ReadonlyMap<string, ServiceUpdate['state']> = new Map([
  ['updating', 'updating'],
  ['paused', 'paused'],
  ['completed', 'completed'],
  ['rollback_started', 'rollingBack'],
  ['rollback_paused', 'rollbackPaused'],
  ['rollback_completed', 'rolledBack'],
])
