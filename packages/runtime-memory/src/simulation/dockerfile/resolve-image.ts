import { emptyImageConfig, type ImageContent, noPrograms } from '../image-content.js'
import { createBuildError } from './build-error.js'
import type { Build } from './build-stage.js'
import type { DockerfileInstruction } from './dockerfile-instruction.js'

/**
 * Resolves the image that FROM or `COPY --from` names: an earlier stage, `scratch`, a local image, or one that is pulled.
 * Otherwise BUILD_FAILED.
 */
export async function resolveImage(build: Build, name: string, at: DockerfileInstruction): Promise<ImageContent> {
  const stage = build.stages.get(name.toLowerCase())
  if (stage !== undefined) return stage
  if (name === 'scratch') return { config: emptyImageConfig, files: new Map(), programs: noPrograms, history: [] }
  const found = build.options.pull === true ? undefined : build.findImage(name)
  if (found !== undefined) return found
  try {
    return await build.pullImage(name)
  } catch (cause) {
    build.signal.throwIfAborted()
    throw createBuildError(at, cause instanceof Error ? cause.message : String(cause), { cause })
  }
}
