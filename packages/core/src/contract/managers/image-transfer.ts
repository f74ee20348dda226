import type { Readable } from 'node:stream'
import { type Capability, defineCapability } from '../capability.js'
import type { PullOptions, PushOptions } from '../image/image.js'
import type { OperationOptions } from '../operation.js'

/** Pulls, pushes, loads and saves images. */
export interface ImageTransfer {
  /**
   * Pulls an image from its registry and resolves with its id.
   *
   * @throws HostError IMAGE_PULL_FAILED when the registry refuses or cannot be reached
   */
  pullImage(reference: string, options?: PullOptions): Promise<string>
  /**
   * Pushes a tag of an image to its registry. Resolves with the digest by which the registry has it, and with `undefined` where
   * the engine does not report it. What was uploaded before a failure or an abort may remain in the registry without a tag.
   *
   * @throws HostError IMAGE_PUSH_FAILED when the registry refuses or cannot be reached. IMAGE_NOT_FOUND
   */
  pushImage(reference: string, options?: PushOptions): Promise<string | undefined>
  /** Loads the images of a Docker or OCI archive. Resolves with their references, and the ids of those without one. */
  loadImages(tar: AsyncIterable<Uint8Array>, options?: OperationOptions): Promise<readonly string[]>
  /**
   * Resolves with a stream of a Docker archive (tar) that contains the image.
   *
   * @throws HostError IMAGE_NOT_FOUND
   */
  saveImage(reference: string, options?: OperationOptions): Promise<Readable>
  /**
   * Resolves with a stream of a Docker archive (tar) that contains all of the images, layers that they share once.
   *
   * @throws HostError IMAGE_NOT_FOUND for the first that does not exist. INVALID_ARGUMENT for an empty list
   */
  saveImages(references: readonly string[], options?: OperationOptions): Promise<Readable>
}

/** The capability of pulling, pushing, loading and saving images. */
export const imageTransferCapability: Capability<ImageTransfer> = defineCapability({
  id: 'image-transfer',
  title: 'image transfer',
})
