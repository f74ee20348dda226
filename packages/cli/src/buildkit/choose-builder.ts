import {
  buildServiceCapability,
  findCapability,
  imageBuilderCapability,
  imageTransferCapability,
  isHostError,
  type RuntimeScope,
} from '@capstan/core'
import { joinWords } from '@capstan/core/plugin'
import { BuildKitFeature, defaultBuildKitImage } from '@capstan/feature-buildkit'
import { CliError } from '../errors/cli-error.js'
import type { Invocation } from '../host/invocation.js'
import type { BuildCommandOptions } from '../options/build-options.js'
import { omitUndefined } from '../options/omit-undefined.js'
import { toMessage } from '../render/printable.js'
import { createPullDisplay } from '../render/pull-display.js'
import { readBuildKitOptions } from './buildkit-options.js'

/**
 * The builder of a build. `with`: the BuildKit that builds, `auto` for the engine's own one if it supports the build, else one
 * in a sidecar. `fallback`: `runtime` if the builder of the runtime builds when BuildKit cannot be started. `reason`: why `auto`
 * selected the builder of the runtime.
 */
export type BuilderChoice =
  | {
      readonly builder: 'buildkit'
      readonly with: 'auto' | 'engine' | 'sidecar'
      readonly fallback: 'none' | 'runtime'
    }
  | { readonly builder: 'runtime'; readonly reason: string | undefined }

/**
 * Selects the builder. `auto` selects the engine's own BuildKit, else BuildKit in a sidecar if the runtime supports it and has
 * its image or can pull it, else the builder of the runtime.
 *
 * @throws CliError for `--builder runtime` with an option that only BuildKit implements.
 */
export async function chooseBuilder(
  scope: RuntimeScope,
  builder: BuildCommandOptions['builder'],
  { needsBuildKit: [option], invocation, isQuiet }: ChooseOptions,
): Promise<BuilderChoice> {
  if (builder === 'runtime') {
    if (option === undefined) return { builder: 'runtime', reason: undefined }
    throw new CliError(`${option} needs BuildKit: omit --builder runtime`)
  }
  if (builder === 'engine' || builder === 'sidecar') return { builder: 'buildkit', with: builder, fallback: 'none' }
  const hasService = findCapability(scope, buildServiceCapability) !== undefined
  if (builder === 'buildkit' || option !== undefined || hasService)
    return { builder: 'buildkit', with: 'auto', fallback: 'none' }
  const reason = describeMissing(scope) ?? (await findImageProblem(scope, { invocation, isQuiet }))
  if (reason !== undefined) return { builder: 'runtime', reason }
  const canFallBack = findCapability(scope, imageBuilderCapability) !== undefined
  return { builder: 'buildkit', with: 'auto', fallback: canFallBack ? 'runtime' : 'none' }
}

export interface ChooseOptions {
  /** What was given that only BuildKit implements. */
  readonly needsBuildKit: readonly string[]
  readonly invocation: Invocation
  readonly isQuiet: boolean
}

/** Names the capabilities that BuildKit needs and the runtime lacks, with image transfer, which loading the result needs. */
function describeMissing(scope: RuntimeScope): string | undefined {
  const support = scope.resolve(BuildKitFeature).support()
  const missing = support.supported
    ? support.missingOptional.filter(({ id }) => id === imageTransferCapability.id)
    : support.missing
  if (missing.length === 0) return undefined
  return `${support.runtime} does not provide ${joinWords(missing.map(({ title }) => title))}`
}

/** Pulls the image of BuildKit if the runtime does not have it. Resolves with the reason if that fails. */
async function findImageProblem(
  scope: RuntimeScope,
  { invocation, isQuiet }: { readonly invocation: Invocation; readonly isQuiet: boolean },
): Promise<string | undefined> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  const { image = defaultBuildKitImage } = readBuildKitOptions(io)
  if (await scope.runtime.imageExists(image, { signal })) return undefined
  using display = isQuiet ? undefined : createPullDisplay(io.stderr, image)
  try {
    const options = { signal, ...omitUndefined({ onProgress: display?.onProgress }) }
    await findCapability(scope, imageTransferCapability)?.pullImage(image, options)
    return undefined
  } catch (error) {
    signal.throwIfAborted()
    return isHostError(error, 'IMAGE_PULL_FAILED') ? `${toMessage(error)}; ${autoRemedy}` : toMessage(error)
  }
}

const autoRemedy =
  'to skip this attempt on each build, use --builder runtime, or select another image by CAPSTAN_BUILDKIT_IMAGE'
