import { type BuildOptions, imageBuilderCapability } from '@capstan/core'
import { type Operation, toObjectLabels } from '@capstan/core/plugin'
import type { MemoryRuntimeContext } from '../memory-runtime-context.js'
import { runDockerfile } from '../simulation/dockerfile/run-dockerfile.js'
import { pullImage } from './pull-image.js'

/** A Dockerfile, the first tag of its image, and the options, which may have further tags. */
export interface BuildRequest {
  readonly dockerfile: string
  readonly tag: string
  readonly options: BuildOptions
}

/**
 * Builds an image and sets all its tags. When the build fails or is aborted, no tag has changed and no image was added,
 * except base images that were pulled.
 */
export async function buildImage(
  context: MemoryRuntimeContext,
  { dockerfile, tag, options }: BuildRequest,
  { signal, undo }: Operation,
): Promise<void> {
  const { engine, ownerLabels } = context
  const content = await runDockerfile(dockerfile, options, {
    signal,
    onOutsideLink: (target) => context.checkOption(imageBuilderCapability, 'build.contextLinks', target),
    commands: engine.commands,
    nextTurn: () => engine.nextTurn(),
    findImage: (reference) => engine.images.find(reference),
    pullImage: (reference) => pullImage(context, reference, { signal }),
  })
  signal.throwIfAborted()
  const { tags = [], labels } = options
  const own = toObjectLabels({ kind: 'image', tag, tags }, ownerLabels, labels)
  const config = { ...content.config, labels: { ...content.config.labels, ...own } }
  const tagging = { tags: [...new Set([tag, ...tags])], createdAt: engine.now(), undo }
  engine.images.addTagged({ ...content, config }, tagging)
}
