import { isHostError } from '@capstan/core'
import { defaultBuildKitImage, defaultRootlessImage } from '@capstan/feature-buildkit'
import type { Io } from '../io.js'
import { readBuildKitOptions } from './buildkit-environment.js'
import { BuildKitImageError } from './buildkit-image-error.js'

/** The error with the ways out where it is about the image of BuildKit itself; any other as it is. */
export function withImageRemedy(
  error: unknown,
  { io, canBuildWithout }: { readonly io: Pick<Io, 'env'>; readonly canBuildWithout: boolean },
): unknown {
  const { image = defaultBuildKitImage } = readBuildKitOptions(io)
  const isOurs = isHostError(error, 'IMAGE_PULL_FAILED') && [image, defaultRootlessImage].includes(error.facts.image)
  if (!isOurs) return error
  return new BuildKitImageError(error, canBuildWithout ? `--builder runtime builds without it; ${another}` : another)
}

/** In the line that tells why a build goes on without BuildKit. */
export const autoRemedy =
  'each build tries again: --builder runtime saves the wait, and CAPSTAN_BUILDKIT_IMAGE names another image'

const another = 'CAPSTAN_BUILDKIT_IMAGE names another image, one that is here or that the engine can pull'
