import type { BuildKitClient, runBuild } from '@capstan/buildkit-client'
import type { BuildProgressEvent, BuildRequest } from '@capstan/buildkit-client/request'
import { type BuildOptions, isHostError, type OperationOptions } from '@capstan/core'
import { createHostError, linkSignals, type Operation, toObjectLabels } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { ignoreErrors } from '../engine/ignore-errors.js'
import { hasBuildKit, openBuildKit, openBuildKitSession } from '../engine/open-buildkit.js'
import { checkBasePlatforms } from './build-options.js'
import { type ImageToBuild, type PreparedBuild, withProxyArguments } from './build-request.js'
import { BuildKitOutput } from './buildkit-output.js'
import { findCredentials } from './find-credentials.js'
import { findImage } from './images.js'
import { tagImage } from './restore-tag.js'
import type { InterruptedBuild } from './untagged-images.js'

/**
 * Connects to the engine's BuildKit for one build. `undefined` if the engine has none, or if a proxy in front of the engine
 * refuses the connection.
 */
export async function prepareBuildKitBuild(
  engine: DockerEngine,
  image: ImageToBuild,
  options: BuildOptions,
  call: Operation,
): Promise<PreparedBuild | undefined> {
  if (!hasBuildKit(engine)) return undefined
  const request = await toRequest(engine, image, options, call)
  // Imported here because most programs do not build, and loading its libraries takes time.
  const buildKit = await import('@capstan/buildkit-client')
  const stream = await openBuildKit(engine, call).catch((error: unknown) => {
    if (isHostError(error, 'OPERATION_FAILED')) return undefined
    throw error
  })
  if (stream === undefined) return undefined
  const toCall = (given: OperationOptions = {}) => ({ ...call, ...given })
  const client = new buildKit.BuildKitClient(stream, {
    endpoint: `BuildKit of runtime "${engine.runtimeName}"`,
    connect: (given) => openBuildKit(engine, toCall(given)),
    openSession: (headers, given) => openBuildKitSession(engine, headers, toCall(given)),
  })
  const build = { client, request, runBuild: buildKit.runBuild, onProgress: options.onProgress }
  return {
    async run(tags) {
      if (options.platform !== undefined && buildKit.usesContainerdStore(await client.workers(call))) {
        await checkBasePlatforms(engine, { dockerfile: image.dockerfile, call, builder: 'buildkit' }, options)
      }
      await runTaggedBuild(engine, { ...build, ...tags }, call)
    },
    [Symbol.dispose]: () => client.close(),
  }
}

async function toRequest(
  engine: DockerEngine,
  { dockerfile, credentialSources = { env: engine.env } }: ImageToBuild,
  options: BuildOptions,
  { signal }: EngineCall,
): Promise<BuildRequest> {
  const { context = { files: {} }, target, platform, noCache, pull, labels } = options
  return {
    context,
    dockerfileText: dockerfile,
    buildArgs: await withProxyArguments(engine, options),
    ...(labels === undefined ? {} : { labels }),
    ...(target === undefined ? {} : { target }),
    ...(platform === undefined ? {} : { platforms: [platform] }),
    ...(noCache === undefined ? {} : { noCache }),
    ...(pull === undefined ? {} : { pull }),
    credentials: async (registry) => (await findCredentials(registry, credentialSources, { signal })).auth,
    // With containerd's image store, BuildKit removes an image whose tag it gives to another one.
    output: { type: 'load', tags: [] },
  }
}

interface TaggedBuild extends InterruptedBuild {
  readonly onProgress: BuildOptions['onProgress'] | undefined
  readonly client: BuildKitClient
  readonly request: BuildRequest
  readonly runBuild: typeof runBuild
}

/** Builds without a tag, then gives the image its tags. The undo steps remove an image that got none. */
async function runTaggedBuild(engine: DockerEngine, build: TaggedBuild, call: Operation): Promise<void> {
  const { client, request, tags, kept, onProgress } = build
  const output = new BuildKitOutput()
  const failing = new AbortController()
  const onEvents = (events: readonly BuildProgressEvent[]) => {
    try {
      for (const line of output.add(events)) onProgress?.(line)
    } catch (error) {
      failing.abort(error) // an error of the caller's function ends the build
    }
  }
  const linked = linkSignals([call.signal, failing.signal])
  try {
    const [tag, ...others] = tags
    const runtimeLabels = toObjectLabels({ kind: 'image', tag, tags: others }, engine.ownerLabels)
    const settings = { kind: 'engine', runtimeLabels, onEvents } as const
    const { imageId } = await build.runBuild(client, request, { ...settings, signal: linked.signal })
    linked.signal.throwIfAborted()
    if (imageId === undefined) {
      throw createHostError('PROTOCOL_ERROR', { operation: call.operation, excerpt: 'no id of the image' })
    }
    if (!kept.includes(imageId)) {
      call.undo.add(`image ${imageId}`, (own) => removeIfUntagged(engine, imageId, { ...call, ...own }))
    }
    for (const tag of tags) await tagImage(engine, { id: imageId, tag }, call)
  } finally {
    linked.unlink()
    for (const line of output.end()) onProgress?.(line)
  }
}

async function removeIfUntagged(engine: DockerEngine, id: string, call: EngineCall): Promise<void> {
  const image = await findImage(engine, id, call)
  if (image === undefined || (image.RepoTags ?? []).length > 0) return
  await ignoreErrors(['IMAGE_NOT_FOUND'], (await engine.api(call)).getImage(id).remove())
}
