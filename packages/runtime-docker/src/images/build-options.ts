import { findDockerfileImages } from '@capstan/build-context/dockerfile'
import { type BuildOptions, imageBuilderCapability } from '@capstan/core'
import { checkOption, createHostError, type UnsupportedOption } from '@capstan/core/plugin'
import type { InspectedImage } from '../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { findImage } from './images.js'

/** The options that no engine's builder supports. Part of every report of this plugin. */
export const unsupportedBuildOptions: readonly UnsupportedOption[] = [
  {
    field: 'build.dns',
    // https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Image/operation/ImageBuild has no such parameter
    reason: "the engine's builder does not support name servers for a build",
    remedy: 'set them in the configuration of the engine, or build with BuildKit',
  },
]

/** Throws OPTION_UNSUPPORTED for an option in the engine's list or in {@link unsupportedBuildOptions}. */
export function checkBuildOptions({ runtimeName, details }: DockerEngine, { dns = [], platform }: BuildOptions): void {
  const refused = {
    runtime: runtimeName,
    unsupportedOptions: [...details.unsupportedOptions, ...unsupportedBuildOptions],
  }
  if (dns.length > 0) checkOption(imageBuilderCapability, 'build.dns', dns, refused)
  checkOption(imageBuilderCapability, 'build.platform', platform, refused)
}

/**
 * Throws OPTION_UNSUPPORTED when the builder would ignore the requested platform. The classic builder, and BuildKit with
 * containerd's image store, use a local base image whatever its platform.
 */
export async function checkBasePlatforms(
  engine: DockerEngine,
  { dockerfile, call, builder = 'classic' }: BaseImages,
  { platform, pull, buildArgs, target }: BuildOptions,
): Promise<void> {
  if (platform === undefined || pull) return
  for (const base of findDockerfileImages(dockerfile, { builder, buildArgs, target })) {
    if (base.platform !== undefined || base.use === 'trigger') continue
    const image = await findImage(engine, base.reference, call)
    if (image !== undefined) checkPlatform(engine, platform, image, base.reference)
  }
}

interface BaseImages {
  readonly dockerfile: string
  readonly call: EngineCall
  /** The builder whose rules apply to the Dockerfile. Default `classic`. */
  readonly builder?: 'classic' | 'buildkit'
}

/** Throws OPTION_UNSUPPORTED when the built image is not for the requested platform. */
export function checkBuiltPlatform(engine: DockerEngine, built: InspectedImage, { platform }: BuildOptions): void {
  if (platform !== undefined) checkPlatform(engine, platform, built)
}

function checkPlatform(engine: DockerEngine, platform: string, image: InspectedImage, base?: string): void {
  const [os, architecture, variant] = platform.split('/')
  const isMatch =
    (architecture === undefined ? [image.Os, image.Architecture].includes(os) : os === image.Os) &&
    (architecture === undefined || toArchitecture(architecture) === image.Architecture) &&
    (variant === undefined || !image.Variant || variant === image.Variant)
  if (isMatch) return
  const found = `${image.Os}/${image.Architecture}`
  const reason =
    base === undefined
      ? { reason: `the engine built an image for ${found}` }
      : {
          reason: `the local base image "${base}" is for ${found}, and the engine would use it`,
          remedy: `pull it for ${platform}`,
        }
  throw createHostError('OPTION_UNSUPPORTED', {
    runtime: engine.runtimeName,
    field: 'build.platform',
    given: platform,
    ...reason,
  })
}

/** Converts aliases of architectures: https://github.com/containerd/platforms */
function toArchitecture(name: string): string {
  return { aarch64: 'arm64', x86_64: 'amd64', 'x86-64': 'amd64', armhf: 'arm', armel: 'arm' }[name] ?? name
}
