import type { OperationOptions, ProgressEvent, StringMap } from '../operation.js'

/** An entry of `listImages`: an image with all its tags. */
export interface ImageInfo {
  /** The id that the engine computes from the content. */
  readonly id: string
  readonly tags: readonly string[]
  /** `undefined` where the engine does not report it; so is `createdAt`. */
  readonly sizeBytes: number | undefined
  readonly createdAt: Date | undefined
  readonly labels: StringMap
}

/** Credentials for a registry. They are not included in errors, logs and events. */
export interface RegistryCredentials {
  readonly username: string
  readonly password: string
}

/** Options of `pullImage`. */
export interface PullOptions extends OperationOptions {
  /** The platform of the image, such as `linux/arm64`. Default: the engine's. */
  readonly platform?: string
  /** Default: the credentials that the engine's own command line would use. */
  readonly credentials?: RegistryCredentials
  /** Called with the progress of the pull. */
  readonly onProgress?: (event: PullProgress) => void
}

/** The progress of a pull. `id` is that of a layer, or the reference for the image as a whole. */
export interface PullProgress extends ProgressEvent {
  readonly phase: 'resolving' | 'downloading' | 'extracting' | 'done'
}
