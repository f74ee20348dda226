import type { BuildOptions, BuildProgress, HostError } from '@capstan/core'
import { createHostError, type Operation } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { endsWithExitCode, readBuildExitCode } from '../engine/docker-error-texts.js'
import { toEngineText } from '../engine/engine-text.js'
import { hasKnownOutcome } from '../engine/has-known-outcome.js'
import { toConnectionLost } from '../engine/streams/lost-connection.js'
import { streamBody } from '../engine/streams/stream-body.js'
import { checkBasePlatforms, checkBuiltPlatform } from './build-options.js'
import { BuildOutput } from './build-output.js'
import { type BuildRequest, type ImageToBuild, prepareBuild, toAllTags } from './build-request.js'
import { type EngineFailure, readEngineMessages } from './engine-message.js'
import { findImage } from './images.js'
import { restoreTag } from './restore-tag.js'
import { type InterruptedBuild, listUntagged, removeUntagged } from './untagged-images.js'

/**
 * Builds an image with the engine's classic builder. Resolves when the image has all of its tags.
 *
 * Rejects with INVALID_ARGUMENT for an invalid context, before the build request; with OPTION_UNSUPPORTED when a local
 * base image or the built image is not for the requested platform; and with BUILD_FAILED for a failed build, with the
 * step, its command, the exit code and the last lines. An abort stops the build. After a failure or an abort no tag
 * refers to the new image: see {@link restoreTag}.
 */
export async function buildImage(
  engine: DockerEngine,
  image: ImageToBuild,
  options: BuildOptions,
  call: Operation,
): Promise<void> {
  const { dockerfile, tag } = image
  await checkBasePlatforms(engine, { dockerfile, call }, options)
  const request = await prepareBuild(engine, image, { ...options, signal: call.signal })
  const tags = toAllTags(tag, options)
  let kept: readonly string[] | undefined
  try {
    kept = await prepareUndo(engine, tags, call)
    await runBuild(engine, request, options)
    for (const name of tags) await checkResult(engine, { ...call, subject: name }, options)
  } catch (error) {
    request.body.destroy()
    if (kept !== undefined && !hasKnownOutcome(error, call)) {
      const interrupted = { tags, kept }
      call.undo.add(`image of ${tag}`, (own) => removeUntagged(engine, interrupted, { ...call, ...own }))
    }
    throw error
  }
}

/** Adds the undo steps that restore the tags. Resolves with the ids of the images that the undo must not remove. */
async function prepareUndo(
  engine: DockerEngine,
  tags: InterruptedBuild['tags'],
  call: Operation,
): Promise<readonly string[]> {
  const [tagged, untagged] = await Promise.all([
    Promise.all(tags.map(async (name) => ({ name, before: (await findImage(engine, name, call))?.Id }))),
    listUntagged(engine, tags, call),
  ])
  for (const { name, before } of tagged) {
    call.undo.add(`tag ${name}`, (own) => restoreTag(engine, { tag: name, before }, { ...call, ...own }))
  }
  // Images whose tags this build takes are untagged too until their tags are restored.
  return [...untagged, ...tagged.flatMap(({ before = [] }) => before)]
}

async function runBuild(engine: DockerEngine, request: BuildRequest, { onProgress }: BuildOptions): Promise<void> {
  const output = new BuildOutput(request.addedSteps)
  const report = (lines: readonly BuildProgress[]) => {
    for (const line of lines) onProgress?.(line)
  }
  const toError = (failure: EngineFailure) => {
    report(output.end())
    return toBuildFailure(output, failure)
  }
  const body = streamBody(engine, await send(engine, request), request)
  let imageId: string | undefined
  try {
    for await (const message of readEngineMessages(body, { operation: request.operation, toError })) {
      imageId = message.imageId ?? imageId
      report(output.add(message.stream ?? (message.status === undefined ? '' : `${message.status}\n`)))
    }
  } finally {
    report(output.end())
  }
  if ((imageId ?? output.builtId) !== undefined) return
  throw toConnectionLost(engine)
}

async function send(engine: DockerEngine, request: BuildRequest) {
  try {
    return await engine.send(request)
  } catch (error) {
    request.signal?.throwIfAborted()
    // Errors of the context are thrown unchanged. An error of the engine is BUILD_FAILED, whatever its status.
    if (request.body.errored) throw request.body.errored
    const text = toEngineText(error)
    throw text === undefined ? error : toBuildFailure(new BuildOutput(), { text, code: undefined }, error)
  }
}

/** Checks that the tag exists and that its image is for the requested platform. */
async function checkResult(engine: DockerEngine, call: EngineCall, options: BuildOptions): Promise<void> {
  const built = await findImage(engine, call.subject, call)
  if (built === undefined) throw createHostError('IMAGE_NOT_FOUND', { image: call.subject })
  checkBuiltPlatform(engine, built, options)
}

/**
 * Creates BUILD_FAILED for the current step. The engine's message is the last line, except when the exit code is known
 * and the command printed something, or the message ends with the exit code.
 */
function toBuildFailure(
  { step, command, lastLines }: Pick<BuildOutput, 'step' | 'command' | 'lastLines'>,
  failure: EngineFailure,
  cause?: unknown,
): HostError<'BUILD_FAILED'> {
  const exitCode = failure.code ?? readBuildExitCode(failure.text)
  const isExitCodeOnly = exitCode !== undefined && (lastLines.length > 0 || endsWithExitCode(failure.text))
  const lines = isExitCodeOnly ? [...lastLines] : [...lastLines, failure.text]
  const facts = { step, command, exitCode, lastLines: lines }
  return createHostError('BUILD_FAILED', facts, cause === undefined ? undefined : { cause })
}
