import { type ContainerConfig, type CreateOptions, isHostError } from '@capstan/core'
import { createRequestIdLabel, type Operation, toObjectLabels } from '@capstan/core/plugin'
import { withProxyVariables } from '../configuration/proxy-variables.js'
import type { CreateRequest } from '../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { pullImage } from '../images/pull-image.js'
import {
  checkBindSources,
  createLabelledVolumes,
  withHostGateway,
  withSystemPaths,
  withUnsetEnv,
} from '../quirks/create-quirks.js'
import { type CreateContext, removeMountedVolumes, toMountedLabels } from '../volumes/mounted-volumes.js'
import { explainContainerError, passWarnings } from './container-create-error.js'
import { toCreateBody, toEndpointSettings, toLaterNetworks } from './create-body.js'
import { withJoinedNetworks } from './join-networks.js'
import { removeContainer } from './remove-container.js'
import { type Created, requestContainer } from './request-container.js'
import { withSharedContainers } from './shared-containers.js'

/**
 * Creates a container and resolves with its full id. If the engine reports that the image is missing, pulls it and
 * repeats the request, unless `pull` is `never`. Creates volumes that do not exist.
 *
 * When a later step fails, or after an abort, the container and its new volumes are removed. An option that the engine
 * drops with a warning fails the call with OPTION_UNSUPPORTED.
 */
export async function createContainer(
  engine: DockerEngine,
  config: ContainerConfig,
  { onProgress }: Pick<CreateOptions, 'onProgress'>,
  operation: Operation,
): Promise<string> {
  const call: CreateCall = {
    ...operation,
    ...(config.command === undefined ? {} : { command: config.command }),
    capabilityField: config.privileged ? 'privileged' : 'capAdd',
  }
  await checkBindSources(engine, config)
  const joined = await withJoinedNetworks(engine, config, call)
  const shared = await withSharedContainers(engine, joined, call)
  const adapted = await withHostGateway(engine, shared, call)
  const resolved = await withProxyVariables(engine, adapted)
  const creation: CreateContext = { call, requestIdLabel: createRequestIdLabel() }
  if (config.mounts?.some(({ type }) => type === 'volume')) {
    call.undo.add('volumes', (own) => removeMountedVolumes(engine, creation.requestIdLabel, { ...call, ...own }))
  }
  await createLabelledVolumes(engine, config, creation)
  const created = await createWithImage(engine, resolved, { ...creation, call, onProgress })
  await finish(engine, joined, { ...created, call })
  return created.id
}

type CreateCall = Operation & EngineCall

/** Creates the container, and pulls the image when the create fails because it is missing. Usually this is one request. */
async function createWithImage(
  engine: DockerEngine,
  config: ContainerConfig,
  options: CreateContext & { readonly onProgress: CreateOptions['onProgress'] | undefined },
): Promise<Created> {
  const { call, requestIdLabel, onProgress } = options
  try {
    return await request(engine, config, { call, requestIdLabel })
  } catch (error) {
    if (!isHostError(error, 'IMAGE_NOT_FOUND') || config.pull === 'never') throw error
    const platform = config.platform === undefined ? {} : { platform: config.platform }
    const { signal, hasCallerSignal } = call
    const progress = onProgress === undefined ? {} : { onProgress }
    await pullImage(engine, config.image, { signal, hasCallerSignal, ...platform, ...progress })
    return request(engine, config, { call, requestIdLabel })
  }
}

async function request(
  engine: DockerEngine,
  config: ContainerConfig,
  { call, requestIdLabel }: CreateContext,
): Promise<Created> {
  const { apiVersion, ownerLabels } = engine
  const labels = toObjectLabels({ kind: 'container' }, ownerLabels, config.labels)
  const toVolumeLabels = toMountedLabels(engine, config, requestIdLabel)
  const body = toCreateBody(config, { labels, apiVersion, toVolumeLabels })
  const request: CreateRequest = {
    body: withSystemPaths(engine, config, withUnsetEnv(engine, body)),
    platform: config.platform,
    laterNetworks: toLaterNetworks(config, apiVersion),
  }
  try {
    const created = await requestContainer(engine, { ...request, name: config.name, requestIdLabel }, call)
    engine.containers.addCreated(created.id, { name: config.name, request })
    return created
  } catch (error) {
    throw await explainContainerError(engine, config, { call, error })
  }
}

/** Checks the warnings and connects the container to its other networks. */
async function finish(
  engine: DockerEngine,
  config: ContainerConfig,
  { id, warnings, call }: Created & { readonly call: Operation },
): Promise<void> {
  call.undo.add(`container ${id}`, (own) => removeContainer(engine, id, own))
  call.signal.throwIfAborted()
  passWarnings(engine, config, warnings)
  for (const join of toLaterNetworks(config, engine.apiVersion)) {
    const api = await engine.api({ ...call, subject: join.networkId })
    await api.getNetwork(join.networkId).connect({ Container: id, EndpointConfig: toEndpointSettings(join) })
  }
}
