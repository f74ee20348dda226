import { type BuildOptions, findCapability, imageBuilderCapability, type RuntimeScope } from '@capstan/core'
import { expectDefined } from '../assert/expect.js'
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
  for (const made of [tag, ...(options.tags ?? [])]) {
    context.defer(`image ${made}`, (own) => runtime.removeImage(made, own))
  }
  const builder = expectDefined(findCapability(scope, imageBuilderCapability), 'image builds in the scope')
  await builder.buildImage(dockerfile, tag, { signal, ...options })
  return tag
}
