import { isHostError, type JobConfig, type Mount } from '@capstan/core'
import { createHostError, defaultNetworkId, isImageId, parseImageReference, type StringMap } from '@capstan/core/plugin'
import { dropUndefined, toEnvironmentLine } from '../containers/create-body.js'
import type { DockerEngine, EngineCall, RequestHeaders } from '../engine/docker-engine.js'
import { findCredentials } from '../images/find-credentials.js'
import { toAuthHeader } from '../images/registry-auth.js'
import { hasFeature } from '../quirks/api-features.js'

/**
 * Returns `TaskTemplate` of the body of `POST /services/create`, without the restart policy. Fields that the config omits are
 * omitted, so that the defaults of the image or of the cluster apply. `labels`: all labels of the containers.
 *
 * @throws HostError SECRET_NOT_FOUND and CONFIG_NOT_FOUND
 */
export async function toTaskTemplate(
  engine: DockerEngine,
  config: JobConfig,
  labels: StringMap,
  call: EngineCall,
): Promise<TaskTemplate> {
  const { networks = [], secrets = [], configs = [], env, cpus, memoryBytes, constraints } = config
  const [Secrets, Configs] = await Promise.all([
    Promise.all(secrets.map(({ secretId, target }) => toFile(engine, { kind: 'Secret', id: secretId, target }, call))),
    Promise.all(configs.map(({ configId, target }) => toFile(engine, { kind: 'Config', id: configId, target }, call))),
  ])
  return dropUndefined({
    ContainerSpec: dropUndefined({
      Image: config.image,
      Command: config.entrypoint,
      Args: config.command,
      Env: env && Object.entries(env).map(toEnvironmentLine),
      User: config.user,
      Dir: config.workingDirectory,
      Labels: labels,
      Mounts: config.mounts?.map(toMount),
      Secrets,
      Configs,
    }),
    Resources: {
      Limits: dropUndefined({ NanoCPUs: cpus && Math.round(cpus * 1e9), MemoryBytes: memoryBytes }),
    },
    Placement: constraints && { Constraints: constraints },
    Networks: networks.map((id) => ({ Target: id === defaultNetworkId ? defaultNetworkName : id })),
  })
}

/** The settings of the tasks of a service. */
export interface TaskTemplate {
  readonly ContainerSpec: Readonly<Record<string, unknown>>
  readonly [field: string]: unknown
}

/**
 * Throws OPTION_UNSUPPORTED for settings of mounts that a cluster cannot have, although a container of the engine can.
 * https://docs.docker.com/reference/api/engine/ (ServiceCreate, `Mounts`)
 */
export function checkTaskMounts({ runtimeName, apiVersion }: DockerEngine, { mounts = [] }: JobConfig): void {
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

interface StoredFile {
  readonly kind: 'Secret' | 'Config'
  readonly id: string
  readonly target: string
}

/** Returns the reference of a task to a secret or a config. The cluster requires its id and its name. */
async function toFile(engine: DockerEngine, { kind, id, target }: StoredFile, call: EngineCall): Promise<object> {
  const path = `/${kind.toLowerCase()}s/${encodeURIComponent(id)}`
  const stored = await engine.sendJson<StoredObject>({ ...call, method: 'GET', path }).catch((error: unknown) => {
    if (!isHostError(error, 'OPERATION_FAILED') || error.facts.status !== 404) throw error
    throw createHostError(kind === 'Secret' ? 'SECRET_NOT_FOUND' : 'CONFIG_NOT_FOUND', { id }, { cause: error })
  })
  const File = { Name: target, UID: '0', GID: '0', Mode: 0o444 }
  return { File, [`${kind}ID`]: stored.ID, [`${kind}Name`]: stored.Spec.Name }
}

interface StoredObject {
  readonly ID: string
  readonly Spec: { readonly Name: string }
}

function toMount(mount: Mount): object {
  if (mount.type === 'tmpfs') {
    const { target: Target, sizeBytes: SizeBytes, mode: Mode, executable } = mount
    const options = executable === true ? [['exec']] : undefined
    return { Type: 'tmpfs', Target, TmpfsOptions: dropUndefined({ SizeBytes, Mode, Options: options }) }
  }
  const { type: Type, source: Source, target: Target, readOnly: ReadOnly } = mount
  return dropUndefined({ Type, Source, Target, ReadOnly })
}

/** The network of each node that needs no cluster. */
const defaultNetworkName = 'bridge'
