import { isHostError, type OperationOptions, type Runtime } from '@capstan/core'
import type { BuildRequest } from '../build/build-request.js'
import type { BuildResult, EventSink } from '../build/buildkit-build.js'
import { type DockerfileSource, listLost } from './lost-abilities.js'
import { readDockerfile } from './read-dockerfile.js'
import { RuntimeProgress } from './runtime-progress.js'

/** What the runtime's own builder can make: images of one platform, in the runtime. */
export function canFallBack({ output, platforms = [] }: BuildRequest): boolean {
  return output.type === 'load' && platforms.length < 2
}

export interface FallbackOptions extends OperationOptions {
  /** Why there is no sidecar. */
  readonly reason: unknown
  readonly onEvents: EventSink
}

/** Builds by the runtime's own builder; the result tells what was lost by that. */
export async function buildOnRuntime(
  runtime: Runtime,
  request: BuildRequest,
  { reason, onEvents, signal }: FallbackOptions,
): Promise<BuildResult> {
  const words = reason instanceof Error ? reason.message : String(reason)
  onEvents([{ type: 'warning', stepId: '', message: `built by the runtime's own builder, for ${words}` }])
  const source = await readDockerfile(request, { signal })
  const tags = 'tags' in request.output ? (request.output.tags ?? []) : []
  for (const [index, tag] of tags.entries()) await buildTag(runtime, { request, source, tag, index, onEvents, signal })
  return {
    builder: 'runtime',
    imageId: await findImageId(runtime, tags[0] ?? '', { signal }),
    digest: undefined,
    metadata: {},
    lost: listLost(request, source),
  }
}

interface TagBuild extends Omit<FallbackOptions, 'reason'> {
  readonly request: BuildRequest
  readonly source: DockerfileSource
  readonly tag: string
  readonly index: number
}

/** A further tag is a build again, which has everything from the cache of the first. */
async function buildTag(runtime: Runtime, { request, source, tag, index, onEvents, signal }: TagBuild): Promise<void> {
  const { context, target, buildArgs, labels, platforms: [platform] = [], noCache } = request
  const progress = new RuntimeProgress()
  const isFirst = index === 0
  try {
    await runtime.buildImage(source.text, tag, {
      context,
      ...(target === undefined ? {} : { target }),
      ...(buildArgs === undefined ? {} : { buildArgs }),
      ...(labels === undefined ? {} : { labels }),
      ...(platform === undefined ? {} : { platform }),
      ...(noCache === undefined ? {} : { noCache: noCache && isFirst }),
      ...(isFirst ? { onProgress: (event) => onEvents(progress.take(event)) } : {}),
      signal,
    })
    onEvents(progress.end())
  } catch (error) {
    const last = isHostError(error, 'BUILD_FAILED') ? error.facts.lastLines.at(-1) : undefined
    onEvents(progress.end(last ?? (error instanceof Error ? error.message : String(error))))
    throw error
  }
}

async function findImageId(runtime: Runtime, tag: string, options: OperationOptions): Promise<string | undefined> {
  const names = [tag, `${tag}:latest`]
  const images = await runtime.listImages(options)
  return images.find(({ tags }) => tags.some((one) => names.includes(one)))?.id
}
