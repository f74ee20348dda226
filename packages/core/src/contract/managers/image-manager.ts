import { type Capability, defineCapability } from '../capability.js'
import type { ExposedPort } from '../container/ports.js'
import type { ImageHistoryEntry, ImageInspection } from '../image/image.js'
import type { Argv, OperationOptions, StringMap } from '../operation.js'

/**
 * Inspects and tags images, and creates them from containers. `image` is a reference or an id; a method rejects with
 * IMAGE_NOT_FOUND where the engine does not have it.
 */
export interface ImageManager {
  /** Resolves with the details of an image. */
  inspectImage(image: string, options?: OperationOptions): Promise<ImageInspection>

  /**
   * Gives an image a further tag: a name with an optional tag, such as `app:1` (default `latest`). If the tag named another
   * image before, that image is kept, untagged if it has no other tag. Resolves also if the image has the tag already.
   */
  tagImage(image: string, tag: string, options?: OperationOptions): Promise<void>

  /** Resolves with the steps by which an image was created, the last one first. */
  imageHistory(image: string, options?: OperationOptions): Promise<readonly ImageHistoryEntry[]>

  /**
   * Creates an image from the files and the settings of a container, running or not, and resolves with its id. Mounts are not
   * part of the image. The image has the labels of the owner, like that of a build.
   *
   * A running container is paused meanwhile unless `pause` is false. Processes run again when the call settles. If the tag named
   * another image before, that image is kept; after a failure or an abort the tag names it again, and there is no new image.
   *
   * @throws HostError CONTAINER_NOT_FOUND. OPTION_UNSUPPORTED with the field `commit` when this runtime cannot create images
   * from containers
   */
  commitContainer(id: string, options?: CommitOptions): Promise<string>
}

/** The capability of managing images. */
export const imageManagerCapability: Capability<ImageManager, 'commit'> = defineCapability({
  id: 'image-manager',
  title: 'image management',
  options: { commit: 'an image created from a container' },
})

/** Options of `commitContainer`. */
export interface CommitOptions extends OperationOptions {
  /** The tag of the image, such as `app:1` (default `latest`). Default: none; the image has only its id. */
  readonly tag?: string
  /** Changes of the settings. Default: none; the image has those of the container. */
  readonly changes?: ImageChanges
  /** The comment in the history of the image. Default: none. */
  readonly message?: string
  readonly author?: string
  /** Whether a running container is paused. Default true. */
  readonly pause?: boolean
}

/** Changes of the settings of an image. Default of each: those of the container. */
export interface ImageChanges {
  /** At least one word, as in `entrypoint`. */
  readonly command?: Argv
  /** Replaces the entrypoint. The command is then that of `command`, else empty. */
  readonly entrypoint?: Argv
  /** Added to the variables of the container; so are `labels`, `exposedPorts` and `volumes` to its own. */
  readonly env?: StringMap
  readonly user?: string
  /** An absolute path. */
  readonly workingDirectory?: string
  /** For keys that begin with `capstan.`, see `ContainerConfig.labels`. */
  readonly labels?: StringMap
  readonly exposedPorts?: readonly ExposedPort[]
  /** The paths of anonymous volumes. */
  readonly volumes?: readonly string[]
  readonly stopSignal?: string
}
