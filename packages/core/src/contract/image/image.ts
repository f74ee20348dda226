import type { Healthcheck } from '../container/healthcheck.js'
import type { ExposedPort } from '../container/ports.js'
import type { Argv, ListOptions, OperationOptions, ProgressEvent, StringMap } from '../operation.js'

/** An entry of `listImages`: an image with all its tags. */
export interface ImageInfo {
  /** The id that the engine computes from the content. */
  readonly id: string
  readonly tags: readonly string[]
  /**
   * The references by digest that the engine records, such as `busybox@sha256:…` after a pull or a push. Empty where the
   * engine records none.
   */
  readonly digests: readonly string[]
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

/** Options of `listImages`. */
export interface ListImagesOptions extends ListOptions {
  /** Includes the images of build steps, where the engine keeps such images. Default false. */
  readonly all?: boolean
}

/** The details of an image, from `inspectImage`. */
export interface ImageInspection extends ImageInfo {
  /** `linux/amd64`, or with a variant `linux/arm/v7`. */
  readonly platform: string
  /** The digests of the uncompressed layers, the lowest first. Empty where the engine does not report them. */
  readonly layers: readonly string[]
  /** Empty where the image names none. */
  readonly author: string
  readonly config: ImageConfig
}

/** The settings of an image, which are the defaults of its containers. */
export interface ImageConfig {
  readonly command: Argv
  readonly entrypoint: Argv
  readonly env: StringMap
  /** By name or number, with or without a group. Empty for the user 0. */
  readonly user: string
  /** `/` where the image sets none. */
  readonly workingDirectory: string
  /** Sorted by port and protocol. */
  readonly exposedPorts: readonly ExposedPort[]
  /** The paths of anonymous volumes, sorted. */
  readonly volumes: readonly string[]
  /** `undefined` where the image sets none; so is `healthcheck`. */
  readonly stopSignal: string | undefined
  readonly healthcheck: Healthcheck | undefined
}

/** One step of the creation of an image, from `imageHistory`. */
export interface ImageHistoryEntry {
  /** The id of the image that the step created; `undefined` where the engine does not have it. */
  readonly id: string | undefined
  readonly createdAt: Date | undefined
  /** The instruction or the command, in the words of the builder. Empty where it is unknown. */
  readonly createdBy: string
  /** The size of the layer; 0 for a step without one. `undefined` where the engine does not report it. */
  readonly sizeBytes: number | undefined
  readonly comment: string
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

/** Options of `pushImage`. */
export interface PushOptions extends OperationOptions {
  /** Default: the credentials that the engine's own command line would use. */
  readonly credentials?: RegistryCredentials
  /** Called with the progress of the push. */
  readonly onProgress?: (event: PushProgress) => void
}

/** The progress of a push. `id` is that of a layer, or the reference for the image as a whole. */
export interface PushProgress extends ProgressEvent {
  readonly phase: 'preparing' | 'uploading' | 'done'
}

/** The progress of a pull. `id` is that of a layer, or the reference for the image as a whole. */
export interface PullProgress extends ProgressEvent {
  readonly phase: 'resolving' | 'downloading' | 'extracting' | 'done'
}
