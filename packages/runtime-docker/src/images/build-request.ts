import type { Readable } from 'node:stream'
import { findDockerfileImages } from '@capstan/build-context/dockerfile'
import { type BuildOptions, imageBuilderCapability } from '@capstan/core'
import { checkOption, loadCommonJs, parseImageReference, type StringMap, toObjectLabels } from '@capstan/core/plugin'
import { readProxyVariables } from '../configuration/proxy-variables.js'
import type { DockerEngine, EngineCall, EngineRequest } from '../engine/docker-engine.js'
import { addLabels, toLabelParameter } from './dockerfile-labels.js'
import { type CredentialSources, findCredentials } from './find-credentials.js'
import { type RegistryAuth, toConfigHeader } from './registry-auth.js'
import type { InterruptedBuild } from './untagged-images.js'

/** The image to build. */
export interface ImageToBuild {
  /** The text of a Dockerfile. */
  readonly dockerfile: string
  readonly tag: string
  /** Where to find credentials for base images. Default: the environment of the host. */
  readonly credentialSources?: CredentialSources
}

/** A build that has not begun. Disposing releases what it holds. */
export interface PreparedBuild extends Disposable {
  /** Runs the build, and gives the image its tags. */
  run(build: InterruptedBuild): Promise<void>
}

/** The request of a classic build. */
export interface BuildRequest extends EngineRequest {
  readonly body: Readable
  /** The number of steps appended for labels, which are not reported. */
  readonly addedSteps: number
}

/** Prepares the request of a classic build without sending it. Rejects with INVALID_ARGUMENT for an invalid context. */
export async function prepareRequest(
  engine: DockerEngine,
  image: ImageToBuild,
  options: BuildOptions,
): Promise<BuildRequest> {
  const { tag } = image
  const { tags, target, platform, noCache, pull, signal } = options
  const call: EngineCall = { operation: 'buildImage', subject: tag, signal }
  const buildArgs = await withProxyArguments(engine, options)
  const auths = await findAuths(engine, image, { ...options, buildArgs })
  const labels = toObjectLabels({ kind: 'image', tag, tags }, engine.ownerLabels, options.labels)
  const labelled = addLabels(image.dockerfile, { labels, target })
  // Imported here because most programs do not build, and loading its libraries takes time.
  const { packBuild } = await loadCommonJs(() => import('@capstan/build-context'))
  const support = { runtime: engine.runtimeName, unsupportedOptions: engine.details.unsupportedOptions }
  const onOutsideLink = (target: string) => checkOption(imageBuilderCapability, 'build.contextLinks', target, support)
  const file = { text: image.dockerfile, replacement: labelled.dockerfile }
  const { archive, dockerfile, isContextFile } = await packBuild(options.context, file, { signal, onOutsideLink })
  const { query, addedSteps } = isContextFile ? toLabelParameter(labels) : labelled
  const hasUnknownSteps = engine.details.quirks.hasOwnLabelSteps === true && query.labels !== undefined
  return {
    ...call,
    method: 'POST',
    path: '/build',
    query: {
      ...{ ...query, t: toAllTags(tag, options), dockerfile, target, platform, rm: true, forcerm: true },
      ...(Object.keys(buildArgs).length === 0 ? {} : { buildargs: buildArgs }),
      ...(noCache ? { nocache: true } : {}),
      ...(pull ? { pull: true } : {}),
    },
    headers: { 'Content-Type': 'application/x-tar', 'X-Registry-Config': toConfigHeader(auths) },
    body: archive,
    addedSteps: hasUnknownSteps ? 0 : addedSteps,
  }
}

/** Adds the proxy variables of docker's configuration to the build arguments. Arguments of the caller take precedence. */
export async function withProxyArguments(
  { env, details, warn }: DockerEngine,
  { buildArgs }: BuildOptions,
): Promise<StringMap> {
  return { ...(await readProxyVariables(env, details.endpoint.url, warn)), ...buildArgs }
}

/** All tags of the image without duplicates. Errors have the first one. */
export function toAllTags(tag: string, { tags = [] }: BuildOptions): readonly [string, ...string[]] {
  return [tag, ...new Set(tags.filter((further) => further !== tag))]
}

/**
 * Finds the credentials for the registries of the images that the build may pull. docker's client sends all of its
 * credentials, which the build does not need.
 *
 * Images in an ONBUILD of a base image are unknown before it is pulled, so their registries are not included.
 */
async function findAuths(
  { env }: DockerEngine,
  { dockerfile, credentialSources = { env } }: ImageToBuild,
  { buildArgs, target, signal }: BuildOptions,
): Promise<ReadonlyMap<string, RegistryAuth>> {
  // Docker's builder is the classic one; engines of other products parse a Dockerfile as BuildKit does.
  const images = (['classic', 'buildkit'] as const).flatMap((builder) => {
    return findDockerfileImages(dockerfile, { builder, buildArgs, target })
  })
  const registries = new Set(images.map(({ reference }) => parseImageReference(reference).registry))
  const auths = new Map<string, RegistryAuth>()
  for (const registry of registries) {
    const { auth } = await findCredentials(registry, credentialSources, { signal })
    if (auth !== undefined) auths.set(registry, auth)
  }
  return auths
}
