import {
  type ContainerConfig,
  type CreateOptions,
  createRequestIdLabel,
  createUndoStack,
  isHostError,
  type StringMap,
  toObjectLabels,
  withUndoFailures,
} from '@capstan/core'
import { withProxyVariables } from '../configuration/proxy-variables.js'
import type { DockerEngine, EngineCall } from '../docker-engine.js'
import { pullImage } from '../image/pull-image.js'
import { withAnswerGrace } from '../unanswered/answer-grace.js'
import { isAnswered } from '../unanswered/is-answered.js'
import {
  createMountedVolumes,
  type MountedCall,
  removeMountedVolumes,
  toMountedLabels,
} from '../volume/mounted-volumes.js'
import { checkBindSources } from './check-bind-sources.js'
import { checkNetworks } from './check-networks.js'
import { type CreateRequest, toCreateBody, toEndpointSettings, toLaterNetworks } from './create-body.js'
import { explainFailure } from './create-failure.js'
import { passWarnings } from './create-warnings.js'
import { refuseConfig } from './refuse-config.js'
import { removeContainer } from './remove-container.js'
import { removeUnanswered } from './remove-unanswered.js'
import { withHostGateway } from './with-host-gateway.js'

/**
 * Makes a container and resolves with its full id; a missing image is pulled first, unless `pull` is `never`.
 *
 * Absent volumes are created with it, and removed with it when a later step fails. What this engine cannot honour is
 * refused before any request; what it drops all the same is refused after the container is removed again. Aborted while the
 * engine makes it: it is removed.
 */
export async function createContainer(
  engine: DockerEngine,
  config: ContainerConfig,
  options: MakeOptions = {},
): Promise<string> {
  return (await makeContainer(engine, config, options)).id
}

/** As {@link createContainer}, for a call that uses the container and may have to undo its creation. */
export async function makeContainer(
  engine: DockerEngine,
  config: ContainerConfig,
  options: MakeOptions = {},
): Promise<MadeContainer> {
  refuseConfig(engine, config)
  const { signal, operation = 'createContainer' } = options
  const call: EngineCall = {
    operation,
    subject: config.name ?? config.image,
    signal,
    ...(config.command === undefined ? {} : { command: config.command }),
    capabilityField: config.privileged ? 'privileged' : 'capAdd',
  }
  signal?.throwIfAborted()
  await checkBindSources(engine, config)
  await checkNetworks(engine, config, call)
  const known = await withProxyVariables(engine, await withHostGateway(engine, config, call))
  const made: MountedCall = { call, requestIdLabel: createRequestIdLabel() }
  const removeVolumes = () => removeMountedVolumes(engine, config, made)
  try {
    await createMountedVolumes(engine, config, made)
    const { id, warnings } = await createWithImage(engine, known, { ...options, ...made })
    await finish(engine, config, { id, warnings, call })
    return { id, removeVolumes }
  } catch (error) {
    throw withUndoFailures(error, await removeVolumes())
  }
}

/** Options of `makeContainer`; `operation` is named in errors, by default `createContainer`. */
export type MakeOptions = CreateOptions & { readonly operation?: string }

/** A new container, for a call that may have to undo it. */
export interface MadeContainer {
  readonly id: string
  /** Removes the volumes that were made for the container, after it was removed; resolves with the failures. */
  removeVolumes(): Promise<readonly unknown[]>
}

/** A container that was made, and what the engine warns of. */
export interface Created {
  readonly id: string
  readonly warnings: readonly string[]
}

type CreateCall = CreateOptions & MountedCall

/** Tries first and pulls then: where the image is there, that is one request in all. */
async function createWithImage(engine: DockerEngine, config: ContainerConfig, options: CreateCall): Promise<Created> {
  const { call, requestIdLabel, onProgress } = options
  try {
    return await request(engine, config, { call, requestIdLabel })
  } catch (error) {
    if (!isHostError(error, 'IMAGE_NOT_FOUND') || config.pull === 'never') throw error
    const { signal } = call
    const platform = config.platform === undefined ? {} : { platform: config.platform }
    await pullImage(engine, config.image, { signal, ...platform, ...(onProgress === undefined ? {} : { onProgress }) })
    return request(engine, config, { call, requestIdLabel })
  }
}

async function request(
  engine: DockerEngine,
  config: ContainerConfig,
  { call, requestIdLabel }: MountedCall,
): Promise<Created> {
  const { apiVersion, ownerLabels, details } = engine
  const labels = toObjectLabels({ kind: 'container' }, ownerLabels, config.labels)
  const toVolumeLabels = toMountedLabels(engine, config, requestIdLabel)
  const { takesUnsetApart } = details.habits
  const request: CreateRequest = {
    body: toCreateBody(config, { labels, apiVersion, toVolumeLabels, takesUnsetApart }),
    platform: config.platform,
    later: toLaterNetworks(config, apiVersion),
  }
  try {
    const created = await requestContainer(engine, { ...request, name: config.name, requestIdLabel }, call)
    engine.containers.addCreated(created.id, request)
    return created
  } catch (error) {
    if (!isAnswered(error, call)) throw error
    throw await explainFailure(engine, config, { call, error })
  }
}

/**
 * Sends one create. Where its answer is not seen, what the engine made of it is removed before this rejects; where it is
 * aborted, the answer is waited for a while. `requestIdLabel` is the label that this request alone puts on what it makes.
 */
export function requestContainer(
  engine: DockerEngine,
  { body, platform, name, requestIdLabel = createRequestIdLabel() }: LabelledRequest,
  call: EngineCall,
): Promise<Created> {
  let warnings: readonly string[] = []
  const onAnswer = (answer: unknown) => {
    warnings = readWarnings(answer)
  }
  return withAnswerGrace(engine, call, async ({ signal, wanted, limit, ...patient }) => {
    const api = await patient.engine.api({ ...limit, ...call, onAnswer, signal })
    try {
      const _body = { ...body, Labels: { ...body.Labels, ...requestIdLabel } }
      const { id } = await api.createContainer({ _query: { name, platform }, _body })
      return { id, warnings }
    } catch (error) {
      if (!isAnswered(error, { signal })) throw await removeUnanswered(engine, { call, requestIdLabel, error })
      wanted.throwIfAborted()
      throw error
    }
  })
}

type LabelledRequest = Omit<CreateRequest, 'later'> & {
  readonly name: string | undefined
  readonly requestIdLabel?: StringMap
}

/** What is left to do with a container that is made: undone with it when it fails. */
async function finish(
  engine: DockerEngine,
  config: ContainerConfig,
  { id, warnings, call }: Created & { readonly call: EngineCall },
): Promise<void> {
  const undo = createUndoStack({ timeoutMs: engine.timeouts.undoMs })
  undo.add(`container ${id}`, (own) => removeContainer(engine.undoing, id, own))
  try {
    call.signal?.throwIfAborted()
    if (engine.ending.aborted) throw engine.translate(engine.ending.reason, call)
    passWarnings(engine, config, warnings)
    for (const join of toLaterNetworks(config, engine.apiVersion)) {
      const api = await engine.api({ ...call, subject: join.networkId })
      await api.getNetwork(join.networkId).connect({ Container: id, EndpointConfig: toEndpointSettings(join) })
    }
  } catch (error) {
    throw withUndoFailures(error, await undo.run())
  }
}

function readWarnings(answer: unknown): readonly string[] {
  if (typeof answer !== 'object' || answer === null || !('Warnings' in answer)) return []
  return Array.isArray(answer.Warnings) ? answer.Warnings.map(String) : []
}
