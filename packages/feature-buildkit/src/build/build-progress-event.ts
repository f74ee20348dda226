/** One event of a build. Times are reported by BuildKit, except those of `transfer` events. */
export type BuildProgressEvent =
  | {
      readonly type: 'step'
      readonly id: string
      /** The name as BuildKit shows it, for example `[2/3] RUN make`. */
      readonly name: string
      /** A completed step may start again: BuildKit reads a local source in two intervals. */
      readonly state: 'started' | 'cached' | 'completed' | 'failed'
      readonly at: Date
      /** Set when `state` is `failed`. */
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
   * The bytes sent between this process and the sidecar: the context to the sidecar, or the result to the runtime or to the
   * archive. Emitted at most every 250 ms, and at the end with `isDone`. A transfer shorter than 250 ms has no event.
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
