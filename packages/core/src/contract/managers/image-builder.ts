import { type Capability, defineCapability } from '../capability.js'
import type { OperationOptions, StringMap } from '../operation.js'

/** Builds images from Dockerfiles. */
export interface ImageBuilder {
  /**
   * Builds an image and tags it. `dockerfile` is the TEXT of a Dockerfile, not a path.
   *
   * Resolves when the image is stored under `tag` and under each of `tags`. A tag that named another image names the new
   * one afterwards; the other image is kept, untagged where this was its only tag.
   *
   * The build fails: BUILD_FAILED. A bad text, tag or option: INVALID_ARGUMENT before any side effect. On failure and on
   * abort none of the tags names the new image, and a tag that named another image before the call names it again.
   */
  buildImage(dockerfile: string, tag: string, options?: BuildOptions): Promise<void>
}

/** Builds of images by the engine itself. */
export const imageBuilderCapability: Capability<ImageBuilder, 'build.platform' | 'build.dns'> = defineCapability({
  id: 'image-builder',
  title: 'image builds',
  refusable: {
    'build.platform': 'a build for a given platform',
    'build.dns': 'name servers of build steps',
  },
})

/** A directory (its .dockerignore is honoured, no link leaves it) or files in memory: relative path → content. */
export type BuildContext =
  | { readonly directory: string }
  | { readonly files: Readonly<Record<string, string | Uint8Array>> }

/** Options of `buildImage`. */
export interface BuildOptions extends OperationOptions {
  /** Further tags of the same image: it is built once. A tag that is given twice counts once. Default: none. */
  readonly tags?: readonly string[]
  /** Default: empty. */
  readonly context?: BuildContext
  /** For each ARG of the Dockerfile. */
  readonly buildArgs?: StringMap
  /** The stage to stop at. Default: the last. */
  readonly target?: string
  /** For example `linux/arm64`. Default: that of the engine. Refused as `build.platform`. */
  readonly platform?: string
  /** On the image, beside those of the Dockerfile. For keys that begin with `capstan.`, see `ContainerConfig`. */
  readonly labels?: StringMap
  /** Runs every step anew. Default false. */
  readonly noCache?: boolean
  /** Asks the registry for a newer base image. Default false. */
  readonly pull?: boolean
  /** Addresses of name servers for RUN. Default: the engine's. Refused as `build.dns`. */
  readonly dns?: readonly string[]
  /** Called with each line that a step prints. */
  readonly onProgress?: (event: BuildProgress) => void
}

/** One line of a build's output. */
export interface BuildProgress {
  /** From 1; `undefined` where the builder does not count. */
  readonly step: number | undefined
  readonly totalSteps: number | undefined
  /** One line of output, without its line end. */
  readonly text: string
  readonly stream: 'stdout' | 'stderr'
}
