/** What every method with I/O takes last. An aborted call rejects with `signal.reason` itself. */
export interface OperationOptions {
  readonly signal?: AbortSignal | undefined
}

/** A command and its arguments: one element each, never read by a shell. */
export type Argv = readonly string[]

/** Labels, environment, build arguments: keys without NUL, newline or (environment) `=`. */
export type StringMap = Readonly<Record<string, string>>

/**
 * Environment: `null` removes the variable that the image, or the engine, would set. A variable that neither sets stays
 * absent.
 */
export type EnvMap = Readonly<Record<string, string | null>>

/** One step of something long; `currentBytes` and `totalBytes` only where the engine tells. */
export interface ProgressEvent {
  readonly id: string
  readonly status: string
  readonly currentBytes?: number
  readonly totalBytes?: number
}

/** What every list method takes. */
export interface ListOptions extends OperationOptions {
  /** Only what carries all of these, with these values. Default: everything. */
  readonly labels?: StringMap
}
