import { isHostError } from '@capstan/core'
import { validateImageReference } from '@capstan/core/plugin'
import { type BuildKitOptions, defaultBuildKitImage, defaultRootlessImage } from '@capstan/feature-buildkit'
import { CliError } from '../errors/cli-error.js'
import type { Io } from '../terminal/io.js'

/**
 * Returns the options of BuildKit that all commands use: the image of CAPSTAN_BUILDKIT_IMAGE, and `graceMs` 0, since a command
 * would end later if it kept BuildKit running for another one.
 *
 * @throws HostError INVALID_ARGUMENT naming the variable if it is not an image reference.
 */
export function readBuildKitOptions({ env }: Pick<Io, 'env'>): Pick<BuildKitOptions, 'image' | 'graceMs'> {
  const image = env.CAPSTAN_BUILDKIT_IMAGE
  if (!image) return { graceMs: 0 }
  validateImageReference(image, 'CAPSTAN_BUILDKIT_IMAGE')
  return { image, graceMs: 0 }
}

/**
 * Adds remedies to the error of a pull of BuildKit's own image. Returns any other error unchanged. `runtimeBuilder`: the options
 * with which the builder of the runtime can be used instead, if it can.
 */
export function withImageRemedies(
  error: unknown,
  { io, runtimeBuilder }: { readonly io: Pick<Io, 'env'>; readonly runtimeBuilder?: string | undefined },
): unknown {
  const { image = defaultBuildKitImage } = readBuildKitOptions(io)
  const images = [image, defaultRootlessImage]
  if (!isHostError(error, 'IMAGE_PULL_FAILED') || !images.includes(error.facts.image)) return error
  const remedies = [
    ...(runtimeBuilder === undefined ? [] : [`build without BuildKit by ${runtimeBuilder}`]),
    'set CAPSTAN_BUILDKIT_IMAGE to an image that the engine has or can pull',
  ]
  return new CliError(error.message, { cause: error, remedies })
}
