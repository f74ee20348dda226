import type { OperationOptions, StringMap } from '../operation.js'

/** A directory (its .dockerignore is honoured, no link leaves it) or files in memory: relative path → content. */
export type BuildContext =
  | { readonly directory: string }
  | { readonly files: Readonly<Record<string, string | Uint8Array>> }

/** Options of `Runtime.buildImage(dockerfile, tag)`. */
export interface BuildOptions extends OperationOptions {
  /** Default: empty. */
  readonly context?: BuildContext
  readonly buildArgs?: StringMap
  /** The stage to stop at. Default: the last. */
  readonly target?: string
  readonly platform?: string
  readonly labels?: StringMap
  readonly noCache?: boolean
  /** Asks the registry for a newer base image. Default false. */
  readonly pull?: boolean
  readonly dns?: readonly string[]
  readonly onProgress?: (event: BuildProgress) => void
}

/** What any builder can say; `text` is one line of output without its line end. */
export interface BuildProgress {
  readonly step: number | undefined
  readonly totalSteps: number | undefined
  readonly text: string
  readonly stream: 'stdout' | 'stderr'
}
