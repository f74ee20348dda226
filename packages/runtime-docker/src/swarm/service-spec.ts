import type { JobConfig, ServiceChange, ServiceConfig } from '@capstan/core'
import { createHostError, defaultNetworkId, type StringMap, toVolumeLabels } from '@capstan/core/plugin'
import { dropUndefined, toEnvironmentLine, toMount } from '../containers/create-body.js'
import type { DockerEngine } from '../engine/docker-engine.js'
import { hasFeature } from '../quirks/api-features.js'
import type { FoundFiles } from './stored-objects.js'
import type { ContainerSpec, ServiceSpec, SwarmLabels, SwarmUpdateConfig, TaskTemplate } from './swarm-answers.js'

/** What the settings of a service depend on besides the config. */
export interface SpecOptions {
  /** The labels of the service and of its containers. */
  readonly labels: StringMap
  /** The secrets and configs of the config. */
  readonly files: FoundFiles
}

/** Returns the settings of a new service. */
export function toServiceSpec(engine: DockerEngine, config: ServiceConfig, options: SpecOptions): ServiceSpec {
  const { replicas, ports = [], endpointMode = 'vip', update = {} } = config
  return {
    Name: config.name,
    Labels: options.labels,
    TaskTemplate: toTaskTemplate(engine, config, options),
    Mode: replicas === 'one-per-node' ? { Global: {} } : { Replicated: { Replicas: replicas } },
    ...toUpdateConfigs(update),
    EndpointSpec: { Mode: endpointMode, Ports: ports.map(toPort) },
  }
}

/**
 * Returns the settings of the tasks of a service or of a job. Those of `old` that the job does not set are kept. Default of `old`:
 * none.
 */
export function toTaskTemplate(
  engine: DockerEngine,
  job: Partial<JobConfig>,
  { labels, files }: Partial<SpecOptions>,
  old: TaskTemplate = { ContainerSpec: {} },
): TaskTemplate {
  checkMounts(engine, job)
  const { memoryBytes, cpus, constraints, networks } = job
  const limits = {
    ...(cpus !== undefined && { NanoCPUs: Math.round(cpus * 1e9) }),
    ...(memoryBytes !== undefined && { MemoryBytes: memoryBytes }),
  }
  const volumeLabels = (mount: VolumeMount) => toVolumeLabels(mount, { labels: job.labels ?? {} }, engine.ownerLabels)
  const container: ContainerSpec = {
    ...old.ContainerSpec,
    ...dropUndefined({
      Image: job.image,
      Labels: labels,
      Command: job.entrypoint,
      Args: job.command,
      Env: job.env && Object.entries(job.env).map(toEnvironmentLine),
      Dir: job.workingDirectory,
      User: job.user,
      Mounts: job.mounts?.map((mount) => toMount(mount, volumeLabels)),
      Secrets: files?.secrets?.map(({ id, name, target }) => ({
        SecretID: id,
        SecretName: name,
        File: toFile(target),
      })),
      Configs: files?.configs?.map(({ id, name, target }) => ({
        ConfigID: id,
        ConfigName: name,
        File: toFile(target),
      })),
    }),
  }
  return {
    ...old,
    ContainerSpec: container,
    ...(Object.keys(limits).length > 0 && {
      Resources: { ...old.Resources, Limits: { ...old.Resources?.Limits, ...limits } },
    }),
    ...(constraints !== undefined && { Placement: { ...old.Placement, Constraints: constraints } }),
    ...(networks !== undefined && { Networks: networks.map((network) => ({ Target: toTarget(network) })) }),
  }
}

/** A service joins the engine's default network of each node by this name. */
function toTarget(network: string): string {
  return network === defaultNetworkId ? 'bridge' : network
}

type VolumeMount = Parameters<typeof toVolumeLabels>[0]

/**
 * Returns the settings of a service after a change. Each changed setting replaces the previous one; those of the engine that the
 * contract does not have are kept.
 */
export function toChangedSpec(
  engine: DockerEngine,
  { change, files }: { readonly change: ServiceChange; readonly files: FoundFiles },
  spec: ServiceSpec,
): ServiceSpec {
  const { replicas, ports, endpointMode, update, labels: given, ...job } = change
  const withGiven = (old: SwarmLabels = {}) => given && { ...toOwnLabels(old), ...given }
  const labels = withGiven(spec.TaskTemplate.ContainerSpec.Labels)
  return {
    ...spec,
    ...(given && { Labels: withGiven(spec.Labels) ?? {} }),
    TaskTemplate: toTaskTemplate(
      engine,
      { ...job, ...(given && { labels: given }) },
      { ...(labels && { labels }), files },
      spec.TaskTemplate,
    ),
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

/** How long the tasks of a service must run until they count as started. */
export function toMonitorMs({ UpdateConfig }: ServiceSpec): number {
  return UpdateConfig?.Monitor === undefined || UpdateConfig.Monitor === 0
    ? defaultMonitorMs
    : UpdateConfig.Monitor / 1e6
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

function toFile(target: string) {
  return { Name: target, UID: '0', GID: '0', Mode: 0o444 }
}

/** A task has no field for a relabelled source, and before API 1.46 none for an executable tmpfs. */
function checkMounts({ runtimeName: runtime, apiVersion }: DockerEngine, { mounts = [] }: Partial<JobConfig>): void {
  for (const mount of mounts) {
    const isRelabelled = mount.type === 'bind' && mount.relabel !== undefined
    const isExecutable = mount.type === 'tmpfs' && mount.executable === true && !hasFeature(apiVersion, 'tmpfsOptions')
    if (!isRelabelled && !isExecutable) continue
    const field = isRelabelled ? 'mounts.bind.relabel' : 'mounts.tmpfs'
    const reason = isRelabelled ? 'a task has no field for it' : 'a task has no field for it before API 1.46'
    throw createHostError('OPTION_UNSUPPORTED', { runtime, field, given: JSON.stringify(mount), reason })
  }
}

/** Docker's default. */
const defaultMonitorMs = 5000
