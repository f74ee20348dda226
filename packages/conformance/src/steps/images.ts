import type { BuildOptions } from '@capstan/core'
import type { CaseContext } from '../case-context.js'

/** Builds an image that is removed after the case; resolves with its tag. */
export async function buildImage(
  context: CaseContext,
  dockerfile: string,
  options: BuildOptions = {},
): Promise<string> {
  const { runtime, signal } = context
  const tag = `${context.uniqueName('image')}:1`
  context.later(`image ${tag}`, (own) => runtime.removeImage(tag, own))
  await runtime.buildImage(dockerfile, tag, { signal, ...options })
  return tag
}
