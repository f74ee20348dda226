/**
 * The options that every method with I/O accepts in its last parameter. A method with options of its own rejects with
 * INVALID_ARGUMENT for an unknown one; a method that has only these accepts the options of any other method.
 */
export interface OperationOptions {
  /**
   * Aborts the call, which then rejects with `signal.reason` itself. With a signal the runtime sets no time limits of
   * its own: use `AbortSignal.timeout(ms)`, alone or in `AbortSignal.any`, to limit the call. Default: the call cannot
   * be aborted, and has the limits of the runtime.
   */
  readonly signal?: AbortSignal | undefined
}

/** A command and its arguments, one element each. They are not interpreted by a shell. */
export type Argv = readonly string[]

/** Texts by name, such as labels or build arguments. */
export type StringMap = Readonly<Record<string, string>>

/** Environment variables by name. `null` removes a variable that the image or the engine would set. */
export type EnvMap = Readonly<Record<string, string | null>>

/** The progress of one part of an operation, such as a layer of an image. */
export interface ProgressEvent {
  /** The id of the part. */
  readonly id: string
  /** The status in the engine's words. */
  readonly status: string
  /** Absent where the engine does not report it; so is `totalBytes`. */
  readonly currentBytes?: number
  readonly totalBytes?: number
}

/**
 * Options of the methods that list objects of the engine. A map of labels, which TypeScript accepts in their place, rejects with
 * INVALID_ARGUMENT for its first key.
 */
export interface ListOptions extends OperationOptions {
  /** Lists only objects with all of these labels and values. Default: all objects. */
  readonly labels?: StringMap
  /** Lists only objects that have labels with all of these keys, whatever their values. Default: all objects. */
  readonly labelKeys?: readonly string[]
}
