import type {
  BuildOptions,
  ContainerConfig,
  CreateNetworkOptions,
  CreateOptions,
  ImageInfo,
  OperationOptions,
} from '@capstan/core'
import { type CreateVolumeOptions, type ListOptions, validateBuild, validateImageReference } from '@capstan/core/plugin'
import { DockerNetworkManager } from '../src/docker-network-manager.js'
import { DockerRuntime } from '../src/docker-runtime.js'
import { DockerVolumeManager } from '../src/docker-volume-manager.js'
import type { DockerEngine } from '../src/engine/docker-engine.js'
import { buildImage as build } from '../src/images/build-image.js'
import { checkBuildOptions } from '../src/images/build-options.js'
import type { ImageToBuild } from '../src/images/build-request.js'
import { type PullImageOptions, pullImage as pull } from '../src/images/pull-image.js'

/** Runs `buildImage` with the given sources of credentials. */
export async function buildImage(engine: DockerEngine, image: ImageToBuild, options: BuildOptions = {}): Promise<void> {
  validateBuild(image.dockerfile, image.tag, options)
  checkBuildOptions(engine, options)
  const { signal } = options
  await engine.operations.run({ operation: 'buildImage', subject: image.tag }, { signal }, (call) =>
    build(engine, image, options, call),
  )
}

/** Runs `pullImage` with the given sources of credentials. */
export async function pullImage(
  engine: DockerEngine,
  reference: string,
  options: PullImageOptions = {},
): Promise<string> {
  validateImageReference(reference)
  const { signal } = options
  return await engine.operations.run({ operation: 'pullImage', subject: reference }, { signal }, (call) =>
    pull(engine, reference, { ...options, ...call }),
  )
}

export function removeImage(engine: DockerEngine, id: string, options?: OperationOptions): Promise<void> {
  return openRuntime(engine).removeImage(id, options)
}

export function imageExists(engine: DockerEngine, tag: string, options?: OperationOptions): Promise<boolean> {
  return openRuntime(engine).imageExists(tag, options)
}

export function getImageHomeDir(engine: DockerEngine, image: string, options?: OperationOptions): Promise<string> {
  return openRuntime(engine).getImageHomeDir(image, options)
}

export function listImages(engine: DockerEngine, options?: ListOptions): Promise<readonly ImageInfo[]> {
  return openRuntime(engine).listImages(options)
}

export function createContainer(engine: DockerEngine, config: ContainerConfig, options?: CreateOptions) {
  return openRuntime(engine).createContainer(config, options)
}

export function createNetwork(engine: DockerEngine, name: string, options?: CreateNetworkOptions): Promise<string> {
  return new DockerNetworkManager(engine).createNetwork(name, options)
}

export function removeNetwork(engine: DockerEngine, id: string, options?: OperationOptions): Promise<void> {
  return new DockerNetworkManager(engine).removeNetwork(id, options)
}

export function createVolume(engine: DockerEngine, name: string, options?: CreateVolumeOptions): Promise<string> {
  return new DockerVolumeManager(engine).createVolume(name, options)
}

function openRuntime(engine: DockerEngine): DockerRuntime {
  return new DockerRuntime(engine)
}
