import { validateImageReference } from '@capstan/core'
import type { BuildKitOptions } from '@capstan/feature-buildkit'
import type { Io } from '../io.js'

/**
 * The image that the environment names, which makes it another configuration than the default.
 *
 * @throws HostError INVALID_ARGUMENT by the variable's name, where that is no reference.
 */
export function readBuildKitOptions({ env }: Pick<Io, 'env'>): Pick<BuildKitOptions, 'image'> {
  const image = env.CAPSTAN_BUILDKIT_IMAGE
  if (!image) return {}
  validateImageReference(image, 'CAPSTAN_BUILDKIT_IMAGE')
  return { image }
}
