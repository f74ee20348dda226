import {
  findCapability,
  imageBuilderCapability,
  imageTransferCapability,
  isHostError,
  joinWords,
  type RuntimeScope,
} from '@capstan/core'
import { BuildKitFeature, defaultBuildKitImage } from '@capstan/feature-buildkit'
import type { BuildCommandOptions } from '../commands/build.js'
import type { Invocation } from '../invocation.js'
import { createPullDisplay } from '../render/pull-display.js'
import { toMessage } from '../render/thrown-message.js'
import { UsageError } from '../usage-error.js'
import { readBuildKitOptions } from './buildkit-environment.js'
import { autoRemedy } from './with-image-remedy.js'

/** Which builder is used. `reason`: why it is the runtime's own, where nobody asked for that. */
export type BuilderChoice =
  | { readonly builder: 'buildkit'; readonly fallback: 'none' | 'runtime' }
  | { readonly builder: 'runtime'; readonly reason: string | undefined }

/**
 * BuildKit where it is asked for, or where the runtime supports it and its image is there or can be pulled.
 *
 * @throws UsageError for what only BuildKit does, where the runtime's builder is asked for.
 */
export async function chooseBuilder(
  scope: RuntimeScope,
  options: BuildCommandOptions,
  { invocation, isQuiet }: { readonly invocation: Invocation; readonly isQuiet: boolean },
): Promise<BuilderChoice> {
  const [needing] = listNeedingBuildKit(options)
  if (options.builder === 'runtime') {
    if (needing === undefined) return { builder: 'runtime', reason: undefined }
    throw new UsageError(`${needing} needs BuildKit: leave out --builder runtime`)
  }
  if (options.builder === 'buildkit' || needing !== undefined) return { builder: 'buildkit', fallback: 'none' }
  const reason = findLack(scope) ?? (await findImageProblem(scope, { invocation, isQuiet }))
  if (reason !== undefined) return { builder: 'runtime', reason }
  const canFallBack = findCapability(scope, imageBuilderCapability) !== undefined
  return { builder: 'buildkit', fallback: canFallBack ? 'runtime' : 'none' }
}

/** The options that the runtimes' own builders do not have. */
export function listNeedingBuildKit(options: BuildCommandOptions): readonly string[] {
  const { secret, cacheFrom, cacheTo, output = 'load', platform = '' } = options
  return [
    ...(secret === undefined ? [] : ['--secret']),
    ...(cacheFrom === undefined ? [] : ['--cache-from']),
    ...(cacheTo === undefined ? [] : ['--cache-to']),
    ...(output === 'load' ? [] : ['--output']),
    ...(platform.includes(',') ? ['--platform'] : []),
  ]
}

/** Loading what was built needs image transfer, beside what BuildKit itself does. */
function findLack(scope: RuntimeScope): string | undefined {
  const support = scope.resolve(BuildKitFeature).support()
  const missing = support.supported
    ? support.lacks.filter(({ id }) => id === imageTransferCapability.id)
    : support.missing
  if (missing.length === 0) return undefined
  return `${support.runtime} does not provide ${joinWords(missing.map(({ title }) => title))}`
}

async function findImageProblem(
  scope: RuntimeScope,
  { invocation, isQuiet }: { readonly invocation: Invocation; readonly isQuiet: boolean },
): Promise<string | undefined> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  const { image = defaultBuildKitImage } = readBuildKitOptions(io)
  if (await scope.runtime.imageExists(image, { signal })) return undefined
  const display = isQuiet ? undefined : createPullDisplay(io.stderr, image)
  const onProgress = display?.onProgress.bind(display)
  try {
    await findCapability(scope, imageTransferCapability)?.pullImage(image, {
      signal,
      ...(onProgress && { onProgress }),
    })
    return undefined
  } catch (error) {
    signal.throwIfAborted()
    return isHostError(error, 'IMAGE_PULL_FAILED') ? `${toMessage(error)}; ${autoRemedy}` : toMessage(error)
  } finally {
    display?.clear()
  }
}
