import type { OperationOptions, StringMap } from '../operation.js'

/** A directory (its .dockerignore is honoured, no link leaves it) or files in memory: relative path → content. */
export type BuildContext =
  | { readonly directory: string }
  | { readonly files: Readonly<Record<string, string | Uint8Array>> }

/** Options of `Runtime.buildImage(dockerfile, tag)`. */
export interface BuildOptions extends OperationOptions {
  /** Default: empty. */
  readonly context?: BuildContext
  /** For each ARG of the Dockerfile. */
  readonly buildArgs?: StringMap
  /** The stage to stop at. Default: the last. */
  readonly target?: string
  /** For example `linux/arm64`. Default: that of the engine. */
  readonly platform?: string
  /** On the image, beside those of the Dockerfile. For keys that begin with `capstan.`, see `ContainerConfig`. */
  readonly labels?: StringMap
  /** Runs every step anew. Default false. */
  readonly noCache?: boolean
  /** Asks the registry for a newer base image. Default false. */
  readonly pull?: boolean
  /** Addresses of name servers for RUN. Default: the engine's. */
  readonly dns?: readonly string[]
  /** Hears what the steps print, line by line. */
  readonly onProgress?: (event: BuildProgress) => void
}

/** What any builder can say. */
export interface BuildProgress {
  /** From 1; `undefined` where the builder does not count. */
  readonly step: number | undefined
  readonly totalSteps: number | undefined
  /** One line of output, without its line end. */
  readonly text: string
  readonly stream: 'stdout' | 'stderr'
}
