import {
  type BuildEventListener,
  type BuildRequest,
  type BuildResult,
  findImageId,
} from '@capstan/buildkit-client/request'
import {
  defineNeeds,
  type ImageBuilder,
  imageBuilderCapability,
  isHostError,
  type OperationOptions,
} from '@capstan/core'
import { requireManagers } from '@capstan/core/plugin'
import type { InjectedBuildKitManagers } from '../buildkit-needs.js'
import { readDockerfile } from './read-dockerfile.js'
import { RuntimeProgress } from './runtime-progress.js'
import { type DockerfileSource, listUnsupportedFeatures } from './unsupported-features.js'

/**
 * Whether the runtime's own builder supports the request: the output `load` with a tag, at most one platform, and no remote
 * context.
 */
export function supportsFallback({ output, platforms = [], context }: BuildRequest): boolean {
  return output.type === 'load' && output.tags.length > 0 && platforms.length < 2 && !('url' in context)
}

export interface FallbackOptions extends OperationOptions {
  /** The error of the sidecar's start, or CAPABILITY_MISSING if the runtime cannot load images. */
  readonly reason: unknown
  readonly onEvents: BuildEventListener
}

/** The managers that a build without BuildKit uses. */
export type FallbackManagers = Pick<InjectedBuildKitManagers, 'runtime' | 'builder' | 'report'>

/**
 * Builds with the runtime's own builder, once for all tags. The result lists what the builder could not do.
 *
 * @throws HostError CAPABILITY_MISSING when the runtime has no builder. Its cause is the error of the sidecar's start.
 */
export async function buildOnRuntime(
  managers: FallbackManagers,
  request: BuildRequest,
  { reason, onEvents, signal }: FallbackOptions,
): Promise<BuildResult> {
  const { runtime, builder } = requireManagers('a build without BuildKit', builderNeeds, managers, { cause: reason })
  const because = reason instanceof Error ? reason.message : String(reason)
  const message = `building with the runtime's own builder, because ${because}`
  onEvents([
    { type: 'builder', builder: 'runtime', version: undefined, reasons: [because] },
    { type: 'warning', stepId: '', message },
  ])
  const source = await readDockerfile(request, { signal })
  await build(builder, { request, source, onEvents, signal })
  const imageId = await findImageId(runtime, listTags(request)[0], { signal })
  const unsupportedFeatures = listUnsupportedFeatures(request, source)
  return { builder: 'runtime', ref: undefined, imageId, digest: undefined, metadata: {}, unsupportedFeatures }
}

interface RuntimeBuild extends Omit<FallbackOptions, 'reason'> {
  readonly request: BuildRequest
  readonly source: DockerfileSource
}

async function build(builder: ImageBuilder, { request, source, onEvents, signal }: RuntimeBuild): Promise<void> {
  const { context, target, buildArgs, labels, platforms: [platform] = [], noCache, pull } = request
  const [tag = '', ...tags] = listTags(request)
  const progress = new RuntimeProgress()
  try {
    await builder.buildImage(source.text, tag, {
      ...('url' in context ? {} : { context }),
      tags,
      ...(target === undefined ? {} : { target }),
      ...(buildArgs === undefined ? {} : { buildArgs }),
      ...(labels === undefined ? {} : { labels }),
      ...(platform === undefined ? {} : { platform }),
      ...(noCache === undefined ? {} : { noCache }),
      ...(pull === undefined ? {} : { pull }),
      onProgress: (event) => onEvents(progress.push(event)),
      signal,
    })
    onEvents(progress.end())
  } catch (error) {
    const last = isHostError(error, 'BUILD_FAILED') ? error.facts.lastLines.at(-1) : undefined
    onEvents(progress.end(last ?? (error instanceof Error ? error.message : String(error))))
    throw error
  }
}

function listTags({ output }: BuildRequest): readonly string[] {
  return 'tags' in output ? (output.tags ?? []) : []
}

const builderNeeds = defineNeeds({ required: { builder: imageBuilderCapability } })
