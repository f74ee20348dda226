import { type Capability, defineCapability } from '../capability.js'
import type { OperationOptions, StringMap } from '../operation.js'

/** Builds images from Dockerfiles. */
export interface ImageBuilder {
  /**
   * Builds an image and tags it. `dockerfile` is the text of a Dockerfile, not a path. `tag`: a name with an optional tag, such
   * as `app:1` (default `latest`).
   *
   * Resolves when the image is stored under `tag` and under each of `tags`. If a tag named another image before, that
   * image is kept, untagged if it has no other tag.
   *
   * After a failure or an abort none of the tags names the new image, and a tag that named another image before the call
   * names that image again.
   *
   * @throws HostError BUILD_FAILED when a step fails. INVALID_ARGUMENT, before any side effect, for an invalid Dockerfile,
   * tag or option.
   */
  buildImage(dockerfile: string, tag: string, options?: BuildOptions): Promise<void>
}

/** The capability of building images with the engine's own builder. */
export const imageBuilderCapability: Capability<ImageBuilder, 'build.platform' | 'build.dns' | 'build.contextLinks'> =
  defineCapability({
    id: 'image-builder',
    title: 'image builds',
    options: {
      'build.platform': 'a build for a given platform',
      'build.dns': 'name servers of build steps',
      'build.contextLinks': 'links that lead out of the directory of a build context',
    },
  })

/**
 * The files of a build: a directory of this machine, or contents by relative path. The `.dockerignore` of a directory is
 * applied. Symbolic links are sent as links and never followed, also those that lead out of the directory: option
 * `build.contextLinks`. Only a `.dockerignore` may not be such a link.
 */
export type BuildContext =
  | { readonly directory: string }
  | { readonly files: Readonly<Record<string, string | Uint8Array>> }

/** Options of `buildImage`. */
export interface BuildOptions extends OperationOptions {
  /** Additional tags of the image, which is built once. Duplicates are ignored. Default: none. */
  readonly tags?: readonly string[]
  /** Default: no files. */
  readonly context?: BuildContext
  /** Values for ARG instructions of the Dockerfile. */
  readonly buildArgs?: StringMap
  /** The name or number of the stage to build. Default: the last one. */
  readonly target?: string
  /** The platform to build for, such as `linux/arm64`. Default: the engine's. Option `build.platform`. */
  readonly platform?: string
  /** Labels to add to those of the Dockerfile. For keys that begin with `capstan.`, see `ContainerConfig.labels`. */
  readonly labels?: StringMap
  /** Runs all steps without using the cache. Default false. */
  readonly noCache?: boolean
  /** Pulls a newer base image if the registry has one. Default false. */
  readonly pull?: boolean
  /** IP addresses of name servers for RUN steps. Default: the engine's. Option `build.dns`. */
  readonly dns?: readonly string[]
  /** Called with each line of the build's output. */
  readonly onProgress?: (event: BuildProgress) => void
}

/** A line of a build's output. */
export interface BuildProgress {
  /** The number of the step, from 1; `undefined` where the builder does not report it. */
  readonly step: number | undefined
  /** The number of steps; `undefined` where the builder does not report it. */
  readonly totalSteps: number | undefined
  /** The line without its line terminator. */
  readonly text: string
  readonly stream: 'stdout' | 'stderr'
}
