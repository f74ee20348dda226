/** One thing that happened in a build. Times are BuildKit's own, except those of a `transfer`. */
export type BuildProgressEvent =
  | {
      readonly type: 'step'
      readonly id: string
      /** As BuildKit shows it: `[2/3] RUN make`. */
      readonly name: string
      /** A step that has completed may start again: BuildKit reads a local source in two intervals. */
      readonly state: 'started' | 'cached' | 'completed' | 'failed'
      readonly at: Date
      /** With `failed` alone. */
      readonly error?: string
    }
  | {
      readonly type: 'log'
      readonly stepId: string
      readonly stream: 'stdout' | 'stderr'
      readonly bytes: Uint8Array
      readonly at: Date
    }
  /** The progress within one step. The unit is bytes or a number of items, depending on `id`. */
  | {
      readonly type: 'status'
      readonly stepId: string
      readonly id: string
      readonly current: number
      readonly total: number | undefined
      readonly at: Date
    }
  | { readonly type: 'warning'; readonly stepId: string; readonly message: string }
  /**
   * Bytes between this process and the sidecar: the context on its way there, or the result on its way to the runtime or
   * the archive. Emitted at most every 250 ms, and at the end with `isDone`; a transfer that takes less than 250 ms has no
   * event.
   */
  | {
      readonly type: 'transfer'
      readonly id: 'context' | 'result'
      readonly currentBytes: number
      /** Always `undefined` for the result: its size is not known. */
      readonly totalBytes: number | undefined
      /** Whether the receiver has read everything. */
      readonly isDone: boolean
      readonly at: Date
    }
