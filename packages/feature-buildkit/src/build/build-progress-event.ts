/** One thing that happened in a build. Times are BuildKit's own. */
export type BuildProgressEvent =
  | {
      readonly type: 'step'
      readonly id: string
      /** As BuildKit shows it: `[2/3] RUN make`. */
      readonly name: string
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
  /** How far a transfer is; bytes or pieces, as its `id` tells. */
  | {
      readonly type: 'status'
      readonly stepId: string
      readonly id: string
      readonly current: number
      readonly total: number | undefined
      readonly at: Date
    }
  | { readonly type: 'warning'; readonly stepId: string; readonly message: string }
