import { emptyImageConfig, type ImageContent, noPrograms } from '../image-content.js'
import { createBuildError } from './build-error.js'
import type { Build } from './build-stage.js'
import type { DockerfileInstruction } from './instruction.js'

/** Finds what FROM or `--from` names: an earlier stage, `scratch`, an existing image, or one that can be pulled. */
export async function requireBase(build: Build, name: string, at: DockerfileInstruction): Promise<ImageContent> {
  const stage = build.stages.get(name.toLowerCase())
  if (stage !== undefined) return stage
  if (name === 'scratch') return { config: emptyImageConfig, files: new Map(), programs: noPrograms }
  const found = build.options.pull === true ? undefined : build.findImage(name)
  if (found !== undefined) return found
  try {
    return await build.pullImage(name)
  } catch (cause) {
    build.signal.throwIfAborted()
    throw createBuildError(at, cause instanceof Error ? cause.message : String(cause), { cause })
  }
}
