import { randomBytes } from 'node:crypto'
import { posix } from 'node:path'
import type { ContainerConfig, CreateOptions } from '@capstan/core'
import {
  checkEngineName,
  createHostError,
  defaultNetworkId,
  type NetworkJoin,
  type Operation,
  type StringMap,
  toImageHome,
  toObjectLabels,
} from '@capstan/core/plugin'
import { pullImage } from '../images/pull-image.js'
import type { StoredImage } from '../images/state/stored-image.js'
import type { MemoryEngine } from '../memory-engine.js'
import type { MemoryRuntimeContext } from '../memory-runtime-context.js'
import { ContainerFiles, type MountedFiles } from '../simulation/files/container-files.js'
import type { FileMap } from '../simulation/files/file-map.js'
import { createSystemFiles } from '../simulation/files/system-files.js'
import { applyEnvironmentChanges } from '../simulation/processes/environment.js'
import { defaultPath } from '../simulation/processes/find-program.js'
import { checkJoin } from './connect-container.js'
import { checkBindSources, createAnonymousVolumes, createMounts, removeVolumesOf } from './mounts.js'
import { ContainerLifecycle } from './state/container-lifecycle.js'
import { ContainerLog } from './state/container-log.js'
import { ContainerRestarts } from './state/container-restarts.js'
import type { MemoryContainer } from './state/memory-container.js'

/** Creates a container, and pulls its image when necessary. `call.undo` gets steps that remove the container. */
export async function createContainer(
  context: MemoryRuntimeContext,
  given: ContainerConfig,
  { call, onProgress }: { readonly call: Operation; readonly onProgress?: CreateOptions['onProgress'] },
): Promise<MemoryContainer> {
  const { engine } = context
  checkEngineNames(given)
  const config = withNetworkOwner(engine, given)
  checkName(context, config.name)
  checkNetwork(context, config)
  const image = await findOrPullImage(context, config, { signal: call.signal, ...(onProgress && { onProgress }) })
  await checkBindSources(config)
  call.signal.throwIfAborted()
  // Another call may have taken the name, or removed a network, while the image was pulled.
  checkName(context, config.name)
  checkNetwork(context, config)
  const id = randomBytes(32).toString('hex')
  call.undo.add('volumes', async () => removeVolumesOf(engine, id))
  const anonymous = createAnonymousVolumes(engine, { image, config, id })
  const mounts = [...createMounts(context, config, id), ...anonymous.mounts]
  const container = toContainer(context, config, { id, image, mounts, anonymousVolumes: anonymous.names })
  engine.containers.add(container)
  call.undo.add(`container ${container.name}`, async () => engine.containers.delete(container))
  return container
}

async function findOrPullImage(
  context: MemoryRuntimeContext,
  { image, pull = 'missing', platform }: ContainerConfig,
  options: CreateOptions,
): Promise<StoredImage> {
  const found = context.engine.images.find(image)
  if (found !== undefined) return found
  if (pull === 'never') throw createHostError('IMAGE_NOT_FOUND', { image })
  return await pullImage(context, image, { ...options, ...(platform !== undefined && { platform }) })
}

interface ContainerParts {
  readonly id: string
  readonly image: StoredImage
  readonly mounts: readonly MountedFiles[]
  readonly anonymousVolumes: readonly string[]
}

function toContainer(
  { engine, ownerLabels }: MemoryRuntimeContext,
  config: ContainerConfig,
  { id, image, mounts, anonymousVolumes }: ContainerParts,
): MemoryContainer {
  const { entrypoint = image.config.entrypoint } = config
  // As on Docker, the command of an image is used only with the entrypoint of that image.
  const { command = config.entrypoint === undefined ? image.config.command : [] } = config
  return {
    id,
    name: config.name ?? `memory-${id.slice(0, 12)}`,
    config,
    image,
    labels: { ...image.config.labels, ...toObjectLabels({ kind: 'container' }, ownerLabels, config.labels) },
    createdAt: engine.now(),
    argv: [...entrypoint, ...command],
    env: toEnvironment(id, image, config),
    user: config.user ?? image.config.user,
    workingDirectory: config.workingDirectory ?? image.config.workingDirectory,
    files: new ContainerFiles({
      image: image.files,
      system: createSystemFiles(id, config, engine.networks.defaultNetwork.gateway),
      mounts,
      readOnly: config.readOnlyRootFilesystem === true,
      written: createWorkingDirectory(image, config),
    }),
    log: new ContainerLog(engine.clock, engine.logLimitBytes),
    healthcheck: toHealthcheck(config, image),
    restarts: new ContainerRestarts(config.restartPolicy),
    anonymousVolumes,
    latestRun: undefined,
    starting: undefined,
    joins: toJoins(engine, config),
    firewallRules: undefined,
    terminalSize: undefined,
    lifecycle: new ContainerLifecycle(),
  }
}

/** Creates a directory that the image does not have, as engines do. */
function createWorkingDirectory({ files }: StoredImage, { workingDirectory = '/' }: ContainerConfig): FileMap {
  const path = posix.resolve('/', workingDirectory)
  return path === '/' || files.has(path) ? new Map() : new Map([[path, { type: 'directory', mode: 0o755 }]])
}

/** Merges the variables that every engine sets, those of the image and those of the container, in this order. */
function toEnvironment(
  id: string,
  image: StoredImage,
  { env, user = image.config.user, hostname, tty }: ContainerConfig,
): StringMap {
  const own = {
    PATH: defaultPath,
    HOSTNAME: hostname ?? id.slice(0, 12),
    HOME: toImageHome({ env: {}, user }),
    ...(tty === true && { TERM: 'xterm' }),
    ...image.config.env,
  }
  return applyEnvironmentChanges(own, env)
}

/** Checks the names of an OCI runtime and of a log driver. */
function checkEngineNames({ ociRuntime, logDriver }: ContainerConfig): void {
  if (ociRuntime !== undefined) checkEngineName('ociRuntime', ociRuntime, ociRuntimes)
  if (logDriver !== undefined) checkEngineName('logDriver.name', logDriver.name, logDrivers)
}

/** Replaces the name of the container whose network is used by its id, which stays the same. */
function withNetworkOwner({ containers }: MemoryEngine, config: ContainerConfig): ContainerConfig {
  const { network } = config
  if (network?.mode !== 'container') return config
  return { ...config, network: { mode: 'container', id: containers.require(network.id).id } }
}

function toHealthcheck({ healthcheck }: ContainerConfig, { config }: StoredImage): MemoryContainer['healthcheck'] {
  const chosen = healthcheck ?? config.healthcheck
  return chosen === 'none' ? undefined : chosen
}

function checkName(context: MemoryRuntimeContext, name: string | undefined): void {
  if (name !== undefined) context.checkNameIsFree(name, context.engine.containers.findName(name))
}

function checkNetwork(
  context: MemoryRuntimeContext,
  { network = { mode: 'default' }, ports = [] }: ContainerConfig,
): void {
  const { engine, runtimeName } = context
  const joins = network.mode === 'networks' ? network.networks : []
  const networks = joins.map((join, index) => {
    const found = engine.networks.require(join.networkId)
    checkJoin(context, found, { ...join, field: `network.networks[${index}].ipAddress` })
    return found
  })
  if (ports.length === 0 || networks.length === 0 || networks.some(({ internal }) => !internal)) return
  const given = JSON.stringify(ports)
  const reason = 'ports cannot be published when all networks of the container are internal'
  const remedy = 'add a network that is not internal'
  throw createHostError('OPTION_UNSUPPORTED', { runtime: runtimeName, field: 'ports', given, reason, remedy })
}

/** Returns the networks of a new container, which exist, by their ids. */
function toJoins(
  { networks }: MemoryEngine,
  { network = { mode: 'default' } }: ContainerConfig,
): Map<string, NetworkJoin> {
  if (network.mode === 'default') return new Map([[networks.defaultNetwork.id, { networkId: defaultNetworkId }]])
  const joins = network.mode === 'networks' ? network.networks : []
  return new Map(joins.map((join) => [networks.require(join.networkId).id, join]))
}

/** The names that the simulation accepts. All of them run the same simulated programs. */
const ociRuntimes = ['runc', 'simulated']
const logDrivers = ['json-file', 'local', 'none']
