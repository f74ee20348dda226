import type { ServiceInfo, ServiceInspection, ServicePort, ServiceUpdate } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import type { ServiceSpec, SwarmPort, SwarmService } from './swarm-answers.js'

/** Inspects the service given by the call's subject. Rejects with SERVICE_NOT_FOUND. */
export function inspectSwarmService(engine: DockerEngine, call: EngineCall): Promise<SwarmService> {
  return engine.sendJson<SwarmService>({ ...call, method: 'GET', path: `/services/${call.subject}` })
}

/** Lists services with the numbers of their tasks. */
export function listSwarmServices(
  engine: DockerEngine,
  filters: object,
  call: EngineCall,
): Promise<readonly SwarmService[]> {
  const query = { filters, status: true }
  return engine.sendJson<readonly SwarmService[]>({ ...call, method: 'GET', path: '/services', query })
}

/** Inspects a service in the format of the contract. Only a list has the numbers of its tasks. */
export async function inspectForContract(engine: DockerEngine, call: EngineCall): Promise<ServiceInspection> {
  const { ID: id } = await inspectSwarmService(engine, call)
  const service = (await listSwarmServices(engine, { id: [id] }, call)).find(({ ID }) => ID === id)
  if (service === undefined) throw createHostError('SERVICE_NOT_FOUND', { id: call.subject })
  return toServiceInspection(service)
}

/** Converts an entry of the engine's list. */
export function toServiceInfo({ ID: id, Spec, Endpoint, ServiceStatus }: SwarmService): ServiceInfo {
  const ports = Endpoint?.Ports ?? Spec.EndpointSpec?.Ports ?? []
  return {
    id,
    name: Spec.Name,
    image: toImage(Spec),
    replicas: toReplicas(Spec),
    isJob: Spec.Mode?.ReplicatedJob !== undefined || Spec.Mode?.GlobalJob !== undefined,
    running: ServiceStatus?.RunningTasks ?? 0,
    desired: ServiceStatus?.DesiredTasks ?? 0,
    ports: ports.flatMap(toPort),
    labels: Spec.Labels ?? {},
  }
}

/** The number of tasks that a service is to have. */
export function toReplicas({ Mode: mode = {} }: ServiceSpec): ServiceInfo['replicas'] {
  if (mode.Global !== undefined || mode.GlobalJob !== undefined) return 'one-per-node'
  return mode.Replicated?.Replicas ?? mode.ReplicatedJob?.TotalCompletions ?? 1
}

function toServiceInspection(service: SwarmService): ServiceInspection {
  const { Spec, UpdateStatus, Endpoint } = service
  const { ContainerSpec: container, Networks, Placement } = Spec.TaskTemplate
  const mode = Endpoint?.Spec?.Mode ?? Spec.EndpointSpec?.Mode
  return {
    ...toServiceInfo(service),
    createdAt: new Date(service.CreatedAt),
    updatedAt: new Date(service.UpdatedAt),
    update: UpdateStatus?.State ? toUpdate(UpdateStatus) : undefined,
    endpointMode: mode === 'dnsrr' ? 'dnsrr' : 'vip',
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

/** An engine stores the digest with the reference, where docker's client has resolved it: `busybox:1@sha256:…`. */
function toImage({ TaskTemplate: { ContainerSpec: container } }: ServiceSpec): string {
  return (container.Image ?? '').replace(/@sha256:[0-9a-f]{64}$/, '')
}

function toUpdate({ State, Message = '' }: NonNullable<SwarmService['UpdateStatus']>): ServiceUpdate {
  return { state: updateStates.get(State ?? '') ?? 'unknown', message: Message }
}

function toPort({ TargetPort, PublishedPort, Protocol, PublishMode }: SwarmPort): readonly ServicePort[] {
  if (!TargetPort || (Protocol !== 'tcp' && Protocol !== 'udp')) return []
  const mode = PublishMode === 'host' ? 'host' : 'ingress'
  return [{ containerPort: TargetPort, protocol: Protocol, mode, ...(PublishedPort && { hostPort: PublishedPort }) }]
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
