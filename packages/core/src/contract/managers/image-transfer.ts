import type { Readable } from 'node:stream'
import { type Capability, defineCapability } from '../capability.js'
import type { PullOptions } from '../image/image.js'
import type { OperationOptions } from '../operation.js'

/** Images to and from the engine. */
export interface ImageTransfer {
  /** Resolves with the image's id. Refused or unreachable: IMAGE_PULL_FAILED. */
  pullImage(reference: string, options?: PullOptions): Promise<string>
  /** Loads a docker or OCI archive; resolves with the references and ids that it held. */
  loadImages(tar: AsyncIterable<Uint8Array>, options?: OperationOptions): Promise<readonly string[]>
  /** A docker archive as a stream of tar bytes. Absent: IMAGE_NOT_FOUND. */
  saveImage(reference: string, options?: OperationOptions): Promise<Readable>
}

/** Pulling, loading and saving of images. */
export const imageTransferCapability: Capability<ImageTransfer> = defineCapability({
  id: 'image-transfer',
  title: 'image transfer',
})
