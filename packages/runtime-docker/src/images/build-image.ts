import type { BuildOptions } from '@capstan/core'
import { createHostError, type Operation } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { hasKnownOutcome } from '../engine/has-known-outcome.js'
import { checkBuiltPlatform } from './build-options.js'
import { type ImageToBuild, type PreparedBuild, toAllTags } from './build-request.js'
import { prepareBuildKitBuild } from './buildkit-build.js'
import { prepareClassicBuild } from './classic-build.js'
import { findImage } from './images.js'
import { restoreTag } from './restore-tag.js'
import { type InterruptedBuild, listUntagged, removeUntagged } from './untagged-images.js'

/**
 * Builds an image with the engine's BuildKit, or with the classic builder if the engine has none. Resolves when the image has all
 * of its tags.
 *
 * Rejects with INVALID_ARGUMENT for an invalid context, before the build; with OPTION_UNSUPPORTED when the built image, or a
 * local base image of the classic builder, is not for the requested platform; and with BUILD_FAILED for a failed build, with the
 * step, its command, the exit code and the last lines. An abort stops the build. After a failure or an abort no tag
 * refers to the new image: see {@link restoreTag}.
 */
export async function buildImage(
  engine: DockerEngine,
  image: ImageToBuild,
  options: BuildOptions,
  call: Operation,
): Promise<void> {
  const { tag } = image
  const tags = toAllTags(tag, options)
  using build = await prepareBuild(engine, image, options, call)
  let kept: readonly string[] | undefined
  try {
    kept = await prepareUndo(engine, tags, call)
    await build.run({ tags, kept })
    for (const name of tags) await checkResult(engine, { ...call, subject: name }, options)
  } catch (error) {
    if (kept !== undefined && !hasKnownOutcome(error, call)) {
      const interrupted = { tags, kept }
      call.undo.add(`image of ${tag}`, (own) => removeUntagged(engine, interrupted, { ...call, ...own }))
    }
    throw error
  }
}

async function prepareBuild(...build: Parameters<typeof prepareClassicBuild>): Promise<PreparedBuild> {
  return (await prepareBuildKitBuild(...build)) ?? (await prepareClassicBuild(...build))
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

/** Checks that the tag exists and that its image is for the requested platform. */
async function checkResult(engine: DockerEngine, call: EngineCall, options: BuildOptions): Promise<void> {
  const built = await findImage(engine, call.subject, call)
  if (built === undefined) throw createHostError('IMAGE_NOT_FOUND', { image: call.subject })
  checkBuiltPlatform(engine, built, options)
}
