import type { Readable } from 'node:stream'
import { type Capability, defineCapability } from '../capability.js'
import type { PullOptions } from '../image/image.js'
import type { OperationOptions } from '../operation.js'

/** Pulls, loads and saves images. */
export interface ImageTransfer {
  /**
   * Pulls an image from its registry and resolves with its id.
   *
   * @throws HostError IMAGE_PULL_FAILED when the registry refuses or cannot be reached
   */
  pullImage(reference: string, options?: PullOptions): Promise<string>
  /** Loads the images of a Docker or OCI archive. Resolves with their references, and the ids of those without one. */
  loadImages(tar: AsyncIterable<Uint8Array>, options?: OperationOptions): Promise<readonly string[]>
  /**
   * Resolves with a stream of a Docker archive (tar) that contains the image.
   *
   * @throws HostError IMAGE_NOT_FOUND
   */
  saveImage(reference: string, options?: OperationOptions): Promise<Readable>
}

/** The capability of pulling, loading and saving images. */
export const imageTransferCapability: Capability<ImageTransfer> = defineCapability({
  id: 'image-transfer',
  title: 'image transfer',
})
