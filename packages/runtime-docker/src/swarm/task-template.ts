import type { JobConfig } from '@capstan/core'
import {
  createHostError,
  defaultNetworkId,
  isImageId,
  parseImageReference,
  type StringMap,
  toVolumeLabels,
} from '@capstan/core/plugin'
import { dropUndefined, toEnvironmentLine, toMount } from '../containers/create-body.js'
import type { DockerEngine, EngineCall, RequestHeaders } from '../engine/docker-engine.js'
import { findCredentials } from '../images/find-credentials.js'
import { toAuthHeader } from '../images/registry-auth.js'
import { hasFeature } from '../quirks/api-features.js'
import { inspectStored } from './stored-objects.js'
import type { MountedFile, TaskTemplate } from './swarm-answers.js'

/**
 * Returns `TaskTemplate` of the body of a request for a service, without the restart policy. Fields that the config omits are those of
 * `old`, else omitted, so that the defaults of the image or of the cluster apply. `labels`: all labels of the containers.
 *
 * @throws HostError SECRET_NOT_FOUND and CONFIG_NOT_FOUND
 */
export async function toTaskTemplate(
  engine: DockerEngine,
  { config, labels, old = { ContainerSpec: {} } }: TaskSettings,
  call: EngineCall,
): Promise<TaskTemplate> {
  const { networks, secrets, configs, env, cpus, memoryBytes, constraints } = config
  const [Secrets, Configs] = await Promise.all([
    secrets && Promise.all(secrets.map(({ secretId, target }) => toSecret(engine, secretId, target, call))),
    configs && Promise.all(configs.map(({ configId, target }) => toConfig(engine, configId, target, call))),
  ])
  const limits = dropUndefined({ NanoCPUs: cpus && Math.round(cpus * 1e9), MemoryBytes: memoryBytes })
  const volumeLabels = (mount: VolumeMount) =>
    toVolumeLabels(mount, { labels: config.labels ?? {} }, engine.ownerLabels)
  const container = dropUndefined({
    Image: config.image,
    Command: config.entrypoint,
    Args: config.command,
    Env: env && Object.entries(env).map(toEnvironmentLine),
    User: config.user,
    Dir: config.workingDirectory,
    Labels: labels,
    Mounts: config.mounts?.map((mount) => toMount(mount, volumeLabels)),
    Secrets,
    Configs,
  })
  return {
    ...old,
    ContainerSpec: { ...old.ContainerSpec, ...container },
    Resources: { ...old.Resources, Limits: { ...old.Resources?.Limits, ...limits } },
    ...(constraints && { Placement: { ...old.Placement, Constraints: constraints } }),
    ...(networks && {
      Networks: networks.map((id) => ({ Target: id === defaultNetworkId ? defaultNetworkName : id })),
    }),
  }
}

/** The settings of the tasks of a service or of a job. */
export interface TaskSettings {
  readonly config: Partial<JobConfig>
  readonly labels: StringMap | undefined
  /** The settings before a change. Default: none. */
  readonly old?: TaskTemplate
}

type VolumeMount = Parameters<typeof toVolumeLabels>[0]

/**
 * Throws OPTION_UNSUPPORTED for settings of mounts that the engine supports for containers and not for tasks.
 * https://docs.docker.com/reference/api/engine/ (ServiceCreate, `Mounts`)
 */
export function checkTaskMounts(
  { runtimeName, apiVersion }: DockerEngine,
  { mounts = [] }: Pick<JobConfig, 'mounts'>,
): void {
  const runtime = runtimeName
  for (const mount of mounts) {
    if (mount.type === 'bind' && mount.relabel !== undefined) {
      const reason = 'a cluster does not change labels of sources'
      throw createHostError('OPTION_UNSUPPORTED', {
        runtime,
        field: 'mounts.bind.relabel',
        given: mount.relabel,
        reason,
      })
    }
    if (mount.type === 'tmpfs' && mount.executable === true && !hasFeature(apiVersion, 'tmpfsOptions')) {
      const reason = 'a cluster of this version has no options of tmpfs mounts'
      throw createHostError('OPTION_UNSUPPORTED', { runtime, field: 'mounts.tmpfs', given: 'executable', reason })
    }
  }
}

/** Returns the header with the credentials by which the nodes pull an image. */
export async function toPullHeaders(
  { env }: DockerEngine,
  image: string,
  { signal }: EngineCall,
): Promise<RequestHeaders | undefined> {
  if (isImageId(image)) return undefined
  const { registry } = parseImageReference(image)
  const { auth } = await findCredentials(registry, { env }, { signal })
  return auth && { 'X-Registry-Auth': toAuthHeader(auth, registry) }
}

/** Returns the reference of a task to a secret. The engine requires the id and the name. */
async function toSecret(engine: DockerEngine, subject: string, target: string, call: EngineCall) {
  const { ID, Spec } = await inspectStored(engine, 'secret', { ...call, subject })
  return { SecretID: ID, SecretName: Spec.Name, File: toFile(target) }
}

async function toConfig(engine: DockerEngine, subject: string, target: string, call: EngineCall) {
  const { ID, Spec } = await inspectStored(engine, 'config', { ...call, subject })
  return { ConfigID: ID, ConfigName: Spec.Name, File: toFile(target) }
}

function toFile(target: string): NonNullable<MountedFile['File']> {
  return { Name: target, UID: '0', GID: '0', Mode: 0o444 }
}

/** The default network of each engine, which tasks may join. */
const defaultNetworkName = 'bridge'
