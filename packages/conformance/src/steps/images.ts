import {
  type BuildOptions,
  type BuildProgress,
  type ImageInfo,
  imageBuilderCapability,
  type RuntimeScope,
} from '@capstan/core'
import type { CaseContext } from '../case-context.js'

/** Builds an image that is removed after the case and resolves with its tag. Requires `imageBuilderCapability`. */
export async function buildImage(
  context: CaseContext,
  dockerfile: string,
  options: BuildOptions = {},
  scope: RuntimeScope = context.scope,
): Promise<string> {
  const { runtime, signal, uniqueName } = context
  const tag = `${uniqueName('image')}:1`
  for (const created of [tag, ...(options.tags ?? [])]) {
    context.defer(`image ${created}`, (options) => runtime.removeImage(created, options))
  }
  await context.require(imageBuilderCapability, scope).buildImage(dockerfile, tag, { signal, ...options })
  return tag
}

/** Records the progress of a build. */
export function recordProgress(): {
  readonly events: BuildProgress[]
  readonly onProgress: (event: BuildProgress) => void
} {
  const events: BuildProgress[] = []
  return { events, onProgress: (event) => void events.push(event) }
}

/** Finds the image with the tag in the list. */
export async function findImage({ runtime, signal }: CaseContext, tag: string): Promise<ImageInfo | undefined> {
  return (await runtime.listImages({ signal })).find(({ tags }) => tags.includes(tag))
}

/** Returns the platform of this machine in the format of an image. */
export function getPlatform(): string {
  return `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`
}
