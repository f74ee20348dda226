import type { OperationOptions, ProgressEvent, StringMap } from '../operation.js'

/** One image with all its tags; `id` is the engine's content id. */
export interface ImageInfo {
  readonly id: string
  readonly tags: readonly string[]
  readonly sizeBytes: number | undefined
  readonly createdAt: Date | undefined
  readonly labels: StringMap
}

/** Never in an error, log or event. */
export interface RegistryCredentials {
  readonly username: string
  readonly password: string
}

/** Options of `pullImage`. */
export interface PullOptions extends OperationOptions {
  /** For example `linux/arm64`. Default: that of the engine. */
  readonly platform?: string
  /** Default: those which the engine's own CLI would find. */
  readonly credentials?: RegistryCredentials
  readonly onProgress?: (event: PullProgress) => void
}

/** How far a pull is; `id` is the layer, or the reference for the whole. */
export interface PullProgress extends ProgressEvent {
  readonly phase: 'resolving' | 'downloading' | 'extracting' | 'done'
}
