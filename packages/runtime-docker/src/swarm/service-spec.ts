import type { ServiceChange, ServiceConfig } from '@capstan/core'
import { createHostError, type StringMap, toObjectLabels, validateChangedEndpoint } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { toEndpointMode, toServicePort } from './services.js'
import type { ServiceSpec, SwarmLabels, SwarmUpdateConfig, TaskTemplate } from './swarm-answers.js'
import { toTaskTemplate } from './task-template.js'

/** Returns the settings of a new service. Rejects with SECRET_NOT_FOUND or CONFIG_NOT_FOUND. */
export async function toServiceSpec(
  engine: DockerEngine,
  config: ServiceConfig,
  call: EngineCall,
): Promise<ServiceSpec> {
  const { name, replicas, ports = [], endpointMode = 'vip', stopGraceMs, update = {}, ...job } = config
  const labels = toObjectLabels({ kind: 'service' }, engine.ownerLabels, job.labels)
  return {
    Name: name,
    Labels: labels,
    TaskTemplate: withGrace(await toTaskTemplate(engine, { config: job, labels }, call), stopGraceMs),
    Mode: replicas === 'one-per-node' ? { Global: {} } : { Replicated: { Replicas: replicas } },
    ...toUpdateConfigs(update),
    EndpointSpec: { Mode: endpointMode, Ports: ports.map(toPort) },
  }
}

/**
 * Returns the settings of a service after a change. Each changed setting replaces the previous one. Settings that the contract does
 * not have are kept.
 */
export async function toChangedSpec(
  engine: DockerEngine,
  change: ServiceChange,
  spec: ServiceSpec,
  call: EngineCall,
): Promise<ServiceSpec> {
  const { replicas, ports, endpointMode, stopGraceMs, update, ...config } = change
  validateChangedEndpoint(change, toEndpoint(spec))
  const withOwn = (old: SwarmLabels = {}) => config.labels && { ...toOwnLabels(old), ...config.labels }
  const { TaskTemplate: old } = spec
  const labels = withOwn(old.ContainerSpec.Labels)
  return {
    ...spec,
    ...(labels && { Labels: withOwn(spec.Labels) ?? {} }),
    TaskTemplate: withGrace(await toTaskTemplate(engine, { config, labels, old }, call), stopGraceMs),
    ...(replicas !== undefined && { Mode: toChangedMode(replicas, spec) }),
    ...(update !== undefined && toUpdateConfigs(update)),
    ...((ports !== undefined || endpointMode !== undefined) && {
      EndpointSpec: {
        ...spec.EndpointSpec,
        ...(endpointMode !== undefined && { Mode: endpointMode }),
        ...(ports !== undefined && { Ports: ports.map(toPort) }),
      },
    }),
  }
}

/** Returns how long a task of a service must run until it counts as started, in milliseconds. */
export function toMonitorMs({ UpdateConfig: config }: ServiceSpec): number {
  return config?.Monitor ? config.Monitor / 1e6 : defaultMonitorMs
}

/** Returns the ports and the endpoint mode of a service. Both have defaults of the swarm where its settings have none. */
function toEndpoint({ EndpointSpec: spec }: ServiceSpec) {
  return { ports: (spec?.Ports ?? []).flatMap(toServicePort), endpointMode: toEndpointMode(spec?.Mode) }
}

function withGrace(template: TaskTemplate, stopGraceMs: number | undefined): TaskTemplate {
  if (stopGraceMs === undefined) return template
  return { ...template, ContainerSpec: { ...template.ContainerSpec, StopGracePeriod: stopGraceMs * 1e6 } }
}

function toChangedMode(
  replicas: ServiceConfig['replicas'],
  { Mode: mode = {} }: ServiceSpec,
): NonNullable<ServiceSpec['Mode']> {
  if (replicas === 'one-per-node' ? mode.Global !== undefined : mode.Replicated !== undefined) {
    return replicas === 'one-per-node' ? mode : { Replicated: { ...mode.Replicated, Replicas: replicas } }
  }
  const expected = mode.Global === undefined ? 'a number' : '"one-per-node"'
  throw createHostError('INVALID_ARGUMENT', {
    field: 'replicas',
    expected: `${expected}, as the service was created with it`,
    given: JSON.stringify(replicas),
  })
}

/** The labels that Capstan has set, which a change of the labels keeps. */
function toOwnLabels(labels: SwarmLabels): StringMap {
  return Object.fromEntries(Object.entries(labels ?? {}).filter(([key]) => key.startsWith('capstan.')))
}

function toUpdateConfigs({
  parallelism = 1,
  delayMs = 0,
  failureAction = 'rollback',
  monitorMs = defaultMonitorMs,
}: NonNullable<ServiceConfig['update']>): Pick<ServiceSpec, 'UpdateConfig' | 'RollbackConfig'> {
  const config: SwarmUpdateConfig = { Parallelism: parallelism, Monitor: monitorMs * 1e6 }
  return {
    UpdateConfig: { ...config, Delay: delayMs * 1e6, FailureAction: failureAction },
    RollbackConfig: { ...config, FailureAction: 'pause' },
  }
}

function toPort({
  containerPort,
  hostPort,
  protocol = 'tcp',
  mode = 'host',
}: NonNullable<ServiceConfig['ports']>[number]) {
  return {
    Protocol: protocol,
    TargetPort: containerPort,
    PublishMode: mode,
    ...(hostPort !== undefined && { PublishedPort: hostPort }),
  }
}

/** Docker's default. */
const defaultMonitorMs = 5000
